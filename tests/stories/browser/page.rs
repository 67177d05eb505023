//! One page: going somewhere, looking, pointing, typing.

use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Browser, PATIENCE};

/// What somebody looks at the page with.
#[derive(Clone, Copy)]
pub struct Device {
    pub width: u32,
    pub height: u32,
    /// Touch instead of a mouse, and twice the pixels.
    pub phone: bool,
    pub dark: bool,
    pub scripts: bool,
}

/// A laptop.
pub const DESK: Device = Device { width: 1280, height: 800, phone: false, dark: false, scripts: true };
/// A phone.
pub const PHONE: Device = Device { width: 390, height: 844, phone: true, dark: false, scripts: true };

/// A page of a browser.
pub struct Page<'b> {
    browser: &'b Browser,
    session: String,
    phone: bool,
}

/// A key: name, code, Windows' number of it, and the text that it types.
type Key = (&'static str, &'static str, u32, &'static str);

/// Keys that type nothing visible, or something else than their name.
const KEYS: [Key; 5] = [
    ("Enter", "Enter", 13, "\r"),
    ("Tab", "Tab", 9, ""),
    ("Escape", "Escape", 27, ""),
    ("ArrowRight", "ArrowRight", 39, ""),
    ("Space", "Space", 32, " "),
];

impl<'b> Page<'b> {
    pub(super) fn new(browser: &'b Browser, session: String, device: &Device) -> Self {
        let page = Self { browser, session, phone: device.phone };
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] {
            page.call(&format!("{domain}.enable"), &json!({}));
        }
        let scale = if device.phone { 2 } else { 1 };
        let metrics = json!({ "width": device.width, "height": device.height, "deviceScaleFactor": scale, "mobile": device.phone });
        page.call("Emulation.setDeviceMetricsOverride", &metrics);
        page.call("Emulation.setTouchEmulationEnabled", &json!({ "enabled": device.phone }));
        page.call("Emulation.setScriptExecutionDisabled", &json!({ "value": !device.scripts }));
        page.dark(device.dark);
        page
    }

    fn call(&self, method: &str, parameters: &Value) -> Value {
        self.browser.call(&self.session, method, parameters).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Turns the lights off or on.
    pub fn dark(&self, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.call("Emulation.setEmulatedMedia", &json!({ "features": [feature] }));
    }

    /// Takes the network away, or gives it back.
    pub fn offline(&self, offline: bool) {
        let conditions = json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.call("Network.emulateNetworkConditions", &conditions);
    }

    /// Opens an address.
    pub fn open(&self, address: &str) {
        let answer = self.call("Page.navigate", &json!({ "url": address }));
        assert!(answer["errorText"].is_null(), "{address}: {answer}");
        self.wait("document.readyState === 'complete'");
    }

    /// The value of an expression, also where the page's own scripts are off; `None` between two pages.
    pub fn try_value(&self, expression: &str) -> Option<Value> {
        let parameters = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.browser.call(&self.session, "Runtime.evaluate", &parameters).ok()?;
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        Some(answer["result"]["value"].clone())
    }

    /// The value of an expression.
    pub fn value(&self, expression: &str) -> Value {
        self.try_value(expression).unwrap_or_else(|| panic!("{expression} has no page"))
    }

    /// The text of an element.
    pub fn text(&self, selector: &str) -> String {
        let value = self.value(&format!("document.querySelector({selector:?})?.innerText ?? null"));
        value.as_str().unwrap_or_else(|| panic!("no {selector} in {}", self.html())).to_owned()
    }

    /// An attribute of an element; empty where there is none.
    pub fn attribute(&self, selector: &str, name: &str) -> String {
        let value = self.value(&format!("document.querySelector({selector:?})?.getAttribute({name:?}) ?? ''"));
        value.as_str().unwrap().to_owned()
    }

    /// The whole page as it is now.
    pub fn html(&self) -> String {
        self.value("document.documentElement.outerHTML").as_str().unwrap().to_owned()
    }

    /// Waits until an expression is true.
    pub fn wait(&self, expression: &str) {
        let began = Instant::now();
        while self.try_value(expression) != Some(Value::Bool(true)) {
            assert!(began.elapsed() < PATIENCE, "{expression} did not become true in {}", self.html());
            std::thread::sleep(Duration::from_millis(15));
        }
    }

    /// Waits until there is such an element on a page that is loaded.
    pub fn wait_for(&self, selector: &str) {
        self.wait(&format!("document.readyState === 'complete' && document.querySelector({selector:?}) !== null"));
    }

    /// Clicks, or taps, the middle of an element, which must be what is there.
    pub fn press(&self, selector: &str) {
        let [x, y] = self.middle(selector);
        if self.phone {
            self.touch(x, y);
            self.release();
        } else {
            self.mouse(x, y, true);
            self.mouse(x, y, false);
        }
    }

    /// The middle of an element, scrolled into sight if need be; it must be what a pointer hits there.
    pub fn middle(&self, selector: &str) -> [f64; 2] {
        let script = format!(
            "(() => {{ const element = document.querySelector({selector:?}); if (!element) return null; \
             const box = () => element.getBoundingClientRect(); \
             if (box().top < 0 || box().bottom > innerHeight) element.scrollIntoView({{ block: 'center', behavior: 'instant' }}); \
             const b = box(), x = b.x + b.width / 2, y = b.y + b.height / 2, hit = document.elementFromPoint(x, y); \
             return [x, y, element.contains(hit) || (hit !== null && hit.contains(element)) ? '' : String(hit?.outerHTML)]; }})()"
        );
        let found = self.value(&script);
        assert!(!found.is_null(), "no {selector} in {}", self.html());
        assert_eq!(found[2], "", "something lies over {selector}");
        [found[0].as_f64().unwrap(), found[1].as_f64().unwrap()]
    }

    /// The mouse's button, down or up.
    pub fn mouse(&self, x: f64, y: f64, down: bool) {
        let kind = if down { "mousePressed" } else { "mouseReleased" };
        let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
        self.call("Input.dispatchMouseEvent", &event);
    }

    /// A finger comes.
    pub fn touch(&self, x: f64, y: f64) {
        let points = json!([{ "x": x, "y": y }]);
        self.call("Input.dispatchTouchEvent", &json!({ "type": "touchStart", "touchPoints": points }));
    }

    /// The finger goes.
    pub fn release(&self) {
        self.call("Input.dispatchTouchEvent", &json!({ "type": "touchEnd", "touchPoints": [] }));
    }

    /// Presses a key: one of the named ones, or a letter or digit.
    pub fn key(&self, name: &str) {
        let named = KEYS.iter().find(|key| key.0 == name);
        let (key, code, number, typed) = match named {
            Some((key, code, number, typed)) => (*key, (*code).to_owned(), *number, *typed),
            None => {
                let upper = name.to_uppercase();
                let number = u32::from(upper.as_bytes()[0]);
                let kind = if upper.as_bytes()[0].is_ascii_digit() { "Digit" } else { "Key" };
                (name, format!("{kind}{upper}"), number, name)
            }
        };
        let key = if key == "Space" { " " } else { key };
        let mut event = json!({ "type": "keyDown", "key": key, "code": code, "windowsVirtualKeyCode": number });
        if !typed.is_empty() {
            event["text"] = typed.into();
        }
        self.call("Input.dispatchKeyEvent", &event);
        event["type"] = "keyUp".into();
        self.call("Input.dispatchKeyEvent", &event);
    }

    /// Types a text where the focus is.
    pub fn write(&self, text: &str) {
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// What the page offers for download lies in this folder.
    pub fn downloads_to(&self, folder: &Path) {
        self.call("Page.setDownloadBehavior", &json!({ "behavior": "allow", "downloadPath": folder }));
    }

    /// Moves the focus with Tab until it is on such an element.
    pub fn tab_to(&self, selector: &str) {
        for _ in 0..40 {
            if self.value(&format!("document.activeElement.matches({selector:?})")) == true {
                return;
            }
            self.key("Tab");
        }
        panic!("Tab does not reach {selector} in {}", self.html());
    }

    /// What the page's scripts threw, what the browser logged as errors, and what its policies forbade, in words.
    pub fn complaints(&self) -> Vec<String> {
        let thrown = self.browser.events(&self.session, "Runtime.exceptionThrown");
        let logged = self.browser.events(&self.session, "Log.entryAdded");
        let errors = logged.iter().map(|event| &event["entry"]).filter(|entry| entry["level"] == "error");
        thrown.iter().map(Value::to_string).chain(errors.map(Value::to_string)).collect()
    }

    /// Role and name of everything that a screen reader meets.
    pub fn spoken(&self) -> Vec<(String, String)> {
        let tree = self.call("Accessibility.getFullAXTree", &json!({}));
        let nodes = tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] != true);
        let word = |node: &Value, what: &str| node[what]["value"].as_str().unwrap_or_default().to_owned();
        nodes.map(|node| (word(node, "role"), word(node, "name"))).collect()
    }

    /// A picture of the page, where `GENTRON_SCREENSHOTS` names a folder for them.
    pub fn screenshot(&self, name: &str) {
        let Some(folder) = std::env::var_os("GENTRON_SCREENSHOTS") else { return };
        let size = self.value("[innerWidth, Math.max(innerHeight, document.documentElement.scrollHeight)]");
        let clip = json!({ "x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1 });
        let answer = self.call("Page.captureScreenshot", &json!({ "captureBeyondViewport": true, "clip": clip }));
        let path = Path::new(&folder).join(format!("{name}.png"));
        std::fs::write(path, STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()).unwrap();
    }
}
