(() => {
  'use strict';
  const box = document.querySelector('.items');
  if (!box || !window.HTMLDialogElement) return;
  const items = [...box.querySelectorAll('.item')];
  const arms = [...items[0].querySelectorAll('.shot')].map((shot) => ({
    letter: shot.querySelector('.letter').textContent, name: shot.querySelector('.arm-name').textContent,
  }));
  const make = (tag, text, parent, className) => {
    const element = document.createElement(tag);
    if (text) element.textContent = text;
    if (className) element.className = className;
    if (parent) parent.append(element);
    return element;
  };
  const chooser = (label, options, parent, change) => {
    const wrap = make('label', label + ' ', parent);
    const select = make('select', '', wrap);
    options.forEach(([value, text]) => { make('option', text, select).value = value; });
    select.addEventListener('change', change);
    return select;
  };
  const button = (text, parent, click) => {
    const b = make('button', text, parent);
    b.type = 'button';
    b.addEventListener('click', click);
    return b;
  };

  // Search and rank.
  const bar = document.createElement('div');
  bar.className = 'tools';
  box.before(bar);
  const search = make('input', '', make('label', 'Search ', bar));
  search.type = 'search';
  const base = Number(box.dataset.baseline);
  const ranks = [['all', 'largest difference of any two arms']];
  arms.forEach((arm, i) => {
    if (i === base) return;
    ranks.push(['up' + i, arm.letter + ' above ' + arms[base].letter], ['down' + i, arm.letter + ' below ' + arms[base].letter]);
  });
  const value = (item, arm) => {
    const text = item.querySelectorAll('.shot')[arm].dataset.value;
    return text === '' ? null : Number(text);
  };
  const merit = (item, rank) => {
    if (rank === 'all') return Number(item.dataset.range);
    const up = rank.startsWith('up');
    const [here, there] = [value(item, Number(rank.slice(up ? 2 : 4))), value(item, base)];
    if (here === null || there === null) return -2;
    return up ? here - there : there - here;
  };
  const rank = chooser('First', ranks, bar, () => {
    const order = items.map((item) => [merit(item, rank.value), item]).sort((a, b) => b[0] - a[0]);
    box.append(...order.map(([, item]) => item));
  });
  const count = make('span', '', bar, 'note');
  count.setAttribute('role', 'status');
  const shown = () => [...box.children].filter((item) => item.offsetParent !== null);
  const filter = () => {
    const words = search.value.toLowerCase().split(' ').filter(Boolean);
    items.forEach((item) => {
      const text = item.textContent.toLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
    });
    count.textContent = shown().length + ' of ' + items.length + ' prompts';
  };
  search.addEventListener('input', filter);
  document.querySelectorAll('input[name=category]').forEach((input) => input.addEventListener('change', filter));
  filter();

  // Two arms of one prompt, large.
  const dialog = make('dialog', '', document.body, 'viewer');
  dialog.setAttribute('aria-label', 'Compare two arms');
  const head = make('div', '', dialog, 'tools');
  const title = make('p', '', dialog, 'prompt');
  title.dir = 'auto';
  const facts = make('p', '', dialog, 'facts');
  const stage = make('div', '', dialog, 'stage');
  const help = make('p', 'Keys: ← → prompt, 1 to 9 right arm, S side by side, F flip in place, D pixel difference, + − zoom, B boxes, Esc closes.', dialog, 'note');
  stage.tabIndex = -1;
  let at = null, mode = 'side', front = 0, zoom = 1;
  const options = arms.map((arm, i) => [String(i), arm.letter + ' ' + arm.name]);
  const draw = () => {
    if (!at) return;
    title.textContent = at.querySelector('h3').textContent;
    facts.textContent = at.querySelector('.facts').firstChild.textContent + at.querySelector('.facts code').textContent;
    stage.replaceChildren();
    stage.dataset.mode = mode;
    const shots = at.querySelectorAll('.shot');
    const chosen = [shots[left.value], shots[right.value]];
    const visible = mode === 'flip' ? [chosen[front]] : chosen;
    visible.forEach((shot) => {
      const copy = shot.cloneNode(true);
      const img = copy.querySelector('img');
      if (img && !img.closest('.plays')) img.style.width = (img.width <= 160 ? 3 * zoom * 100 : zoom * img.width) + 'px';
      if (shot.dataset.full) {
        const link = make('a', 'full size', copy);
        link.href = shot.dataset.full;
      }
      stage.append(copy);
    });
    if (mode === 'difference') difference(chosen);
    [...head.querySelectorAll('button[data-mode]')].forEach((b) => b.setAttribute('aria-pressed', String(b.dataset.mode === mode)));
  };
  const difference = (chosen) => {
    const [a, b] = chosen.map((shot) => shot.querySelector('img'));
    const figure = make('figure', '', null, 'shot');
    stage.prepend(figure);
    if (!a || !b) { make('figcaption', 'No difference: an image is missing.', figure); return; }
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [a.naturalWidth, a.naturalHeight];
    const context = canvas.getContext('2d', { willReadFrequently: true });
    const pixels = [a, b].map((img) => {
      context.drawImage(img, 0, 0, canvas.width, canvas.height);
      return context.getImageData(0, 0, canvas.width, canvas.height);
    });
    let sum = 0;
    const [one, other] = pixels.map((p) => p.data);
    for (let i = 0; i < one.length; i += 4) {
      for (let c = i; c < i + 3; c += 1) { one[c] = Math.abs(one[c] - other[c]); sum += one[c]; }
    }
    context.putImageData(pixels[0], 0, 0);
    canvas.className = a.className;
    canvas.style.width = (a.naturalWidth <= 160 ? 300 * zoom : zoom * a.naturalWidth) + 'px';
    const mean = (sum / (one.length * 0.75)).toFixed(1);
    make('figcaption', 'Pixel difference: ' + mean + ' of 255 on average; black is equal.', figure);
    figure.append(canvas);
  };
  const set = (next) => {
    if (next === 'flip' && mode === 'flip') front = 1 - front;
    mode = next;
    draw();
  };
  const step = (by) => {
    const list = shown();
    const place = list.indexOf(at) + by;
    if (place >= 0 && place < list.length) { at = list[place]; draw(); }
  };
  const scale = (by) => { zoom = Math.min(8, Math.max(0.5, zoom * by)); draw(); };
  const left = chooser('Left', options, head, draw);
  const right = chooser('Right', options, head, draw);
  left.value = String(base);
  right.value = String(arms.length > 1 ? (base === arms.length - 1 ? 0 : arms.length - 1) : 0);
  [['side', 'Side by side'], ['flip', 'Flip'], ['difference', 'Difference']].forEach(([name, text]) => {
    button(text, head, () => set(name)).dataset.mode = name;
  });
  button('−', head, () => scale(0.8)).setAttribute('aria-label', 'Smaller');
  button('+', head, () => scale(1.25)).setAttribute('aria-label', 'Larger');
  button('Boxes', head, () => dialog.classList.toggle('boxed'));
  button('← Previous', head, () => step(-1));
  button('Next →', head, () => step(1));
  button('Close', head, () => dialog.close());
  const open = (item) => { at = item; draw(); dialog.showModal(); stage.focus(); };
  items.forEach((item) => {
    button('Compare two arms', item.querySelector('.facts'), () => open(item)).className = 'inline';
  });
  dialog.addEventListener('keydown', (event) => {
    if (event.target.matches('select') || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    const actions = {
      arrowleft: () => step(-1), arrowright: () => step(1), s: () => set('side'), f: () => set('flip'), d: () => set('difference'),
      '+': () => scale(1.25), '=': () => scale(1.25), '-': () => scale(0.8), b: () => dialog.classList.toggle('boxed'),
    };
    if (actions[key]) { actions[key](); event.preventDefault(); }
    const arm = Number(key) - 1;
    if (arm >= 0 && arm < arms.length) { right.value = String(arm); draw(); }
  });
})();
