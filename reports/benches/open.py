#!/usr/bin/env python3
"""How long a report takes to open in headless Chromium, and how smoothly it scrolls: open.py REPORT.html [RUNS].

The page comes from this process over loopback, as a copy without its content security policy, which would not let the measuring script in.
Each run is a new browser with an empty profile. A frame of more than 34 ms would be seen as a jerk at 60 Hz.
"""

import http.server
import re
import subprocess
import sys
import tempfile
import threading
import urllib.parse

SCRIPT = """
addEventListener('load', () => setTimeout(async () => {
  const opened = performance.getEntriesByType('navigation')[0];
  const paint = performance.getEntriesByName('first-contentful-paint')[0];
  document.documentElement.style.scrollBehavior = 'auto';
  const frames = [];
  const begin = await new Promise(requestAnimationFrame);
  let last = begin;
  // Five seconds of even scrolling through the whole page.
  while (last - begin < 5000) {
    scrollTo(0, (document.documentElement.scrollHeight - innerHeight) * (last - begin) / 5000);
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
  }
  frames.sort((a, b) => a - b);
  const at = (share) => frames[Math.min(frames.length - 1, Math.floor(share * frames.length))].toFixed(0);
  const text = `first paint ${paint ? paint.startTime.toFixed(0) : '?'} ms, parsed ${opened.domContentLoadedEventEnd.toFixed(0)} ms, `
    + `loaded ${opened.loadEventEnd.toFixed(0)} ms, ${frames.length} frames in 5 s, median ${at(0.5)} ms, 95 % ${at(0.95)} ms, `
    + `longest ${at(1)} ms, ${frames.filter((f) => f > 34).length} above 34 ms`;
  fetch('/measured?' + encodeURIComponent(text));
}, 500));
"""

page = open(sys.argv[1], "rb").read()
runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
print(f"{sys.argv[1]}: {len(page) / 1e6:.1f} MB")
page = re.sub(rb'<meta http-equiv="Content-Security-Policy"[^>]*>', b'<script src="/measure.js"></script>', page)
done = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = page if self.path == "/" else SCRIPT.encode() if self.path == "/measure.js" else b""
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8" if self.path == "/" else "text/javascript")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if self.path.startswith("/measured?"):
            print(urllib.parse.unquote(self.path.split("?", 1)[1]))
            done.set()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
for _ in range(runs):
    done.clear()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = "--headless --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage --no-first-run --disable-background-networking"
        flags += " --disable-component-update --disable-sync --remote-debugging-port=0 --window-size=1280,900"
        address = f"http://127.0.0.1:{server.server_port}/"
        browser = subprocess.Popen(
            ["chromium", *flags.split(), f"--user-data-dir={profile}", address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        if not done.wait(90):
            print("nothing measured within 90 s")
        browser.terminate()
        browser.wait()
