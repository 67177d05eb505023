(() => {
  'use strict';
  const id = (name) => document.getElementById(name);
  const make = (tag, text, parent, className) => {
    const element = document.createElement(tag);
    if (text) element.textContent = text;
    if (className) element.className = className;
    if (parent) parent.append(element);
    return element;
  };
  const button = (text, parent, click, className) => {
    const b = make('button', text, parent, className);
    b.type = 'button';
    b.addEventListener('click', click);
    return b;
  };
  const ask = async (path, fields) => {
    const response = await fetch(path, fields && { method: 'POST', body: new URLSearchParams(fields) });
    if (!response.ok) throw new Error((await response.text()) || response.statusText);
    return response.json();
  };
  const letter = (index) => String.fromCharCode(65 + index);
  const status = id('status'), step = id('step');
  let about = null;
  // What stands on the page: the case, its words, the answers by arm, the word whose attention shows, and which drawing is the latest.
  let current = null, chosen = null, round = 0, film = 0;

  const say = (text) => { status.textContent = text; };
  const percent = (value) => (100 * value).toFixed(1);

  const begin = async () => {
    about = await ask('/about');
    id('recipe').textContent = about.recipe + ', ' + about.arms.length + ' arms, ' + about.version;
    id('prompt').maxLength = about.longest;
    about.examples.forEach((text) => button(text, id('examples'), () => { id('prompt').value = text; draw(); }));
    if (about.small) {
      id('world').hidden = false;
      id('vocabulary').textContent = about.vocabulary.filter((word) => /\w/.test(word)).join(', ');
    }
    const address = new URLSearchParams(location.search);
    if (address.has('seed')) id('seed').value = address.get('seed');
    id('prompt').value = address.get('prompt') || about.examples[0] || '';
    if (address.has('prompt')) draw();
    list();
  };

  const draw = async () => {
    const prompt = id('prompt').value.trim(), seed = id('seed').value;
    if (!prompt || !id('ask').reportValidity()) return;
    const mine = ++round;
    stopFilm();
    history.replaceState(null, '', '?' + new URLSearchParams({ prompt, seed }));
    id('draw').disabled = true;
    say('Reading …');
    try {
      const read = await ask('/read', { prompt });
      if (mine !== round) return;
      current = { prompt, seed: Number(seed), words: read.words, answers: [] };
      chosen = null;
      show(read);
      const wanted = about.arms.map((_, arm) => arm);
      let done = 0;
      const of = wanted.length;
      say('Drawing, 0 of ' + of + ' arms …');
      const truth = read.drawable ? ask('/draw', { prompt, seed }).then((answer) => { if (mine === round) fill(of, answer); }) : null;
      await Promise.all(wanted.map(async (arm) => {
        try {
          const answer = await ask('/draw', { prompt, seed, arm });
          if (mine !== round) return;
          current.answers[arm] = answer;
          fill(arm, answer);
        } catch (error) {
          if (mine === round) card(arm).querySelector('.frame p').textContent = error.message;
        }
        if (mine === round) say('Drawing, ' + (++done) + ' of ' + of + ' arms …');
      }));
      await truth;
      if (mine === round) say('Drawn.');
    } catch (error) {
      if (mine === round) say('It did not work: ' + error.message);
    } finally {
      if (mine === round) id('draw').disabled = false;
    }
  };

  const card = (index) => id('arms').children[index];

  // The case without its pictures yet.
  const show = (read) => {
    id('result').hidden = false;
    id('result-title').textContent = '“' + current.prompt + '”';
    const remarks = id('remarks');
    remarks.replaceChildren();
    read.words.filter((word) => !word.known).forEach((word) => {
      const near = word.near.length ? ' Did you mean ' + word.near.join(' or ') + '?' : '';
      make('li', '“' + word.text + '” is no word of this world: the arms see an unknown word in its place.' + near, remarks);
    });
    read.remarks.forEach((remark) => make('li', remark, remarks));
    const words = id('words');
    words.replaceChildren();
    const attend = about.arms.some((arm) => arm.attends);
    read.words.forEach((word, index) => {
      const b = button(word.text, words, () => choose(chosen === index ? null : index), word.known ? '' : 'unknown');
      b.setAttribute('aria-pressed', 'false');
      b.disabled = !attend;
      if (!word.known) b.title = 'not known';
    });
    id('legend').textContent = attend
      ? 'Choose a word: bright is where an arm attended to it, at this step, compared with the rest of the picture. The number says how much of all attention went to it.'
      : 'No arm here attends to words: the text reaches them as one vector.';
    const arms = id('arms');
    arms.replaceChildren();
    about.arms.forEach((arm, index) => frame(arms, letter(index), 'arm' + (index % 8), arm.label));
    if (read.drawable) frame(arms, '✓', '', 'a right picture, drawn by the world itself');
    bounds();
  };

  const frame = (parent, mark, colour, label) => {
    const figure = make('figure', '', parent, 'arm');
    const caption = make('figcaption', '', figure);
    make('span', mark, caption, 'letter ' + colour);
    make('span', label, caption);
    make('p', '…', make('div', '', figure, 'frame'));
    make('p', '', figure, 'looked note');
    make('div', '', figure, 'scores');
  };

  const fill = (index, answer) => {
    const figure = card(index);
    figure.answer = answer;
    bounds();
    const scores = figure.querySelector('.scores');
    answer.scores.forEach((score) => {
      const line = make('div', '', scores, 'score');
      make('span', score.metric, line);
      if (score.value === null) {
        make('span', 'unscored: ' + score.unscored, line, 'note');
      } else {
        const meter = make('meter', '', line);
        meter.min = 0; meter.max = 1; meter.value = score.value;
        meter.setAttribute('aria-label', score.metric);
        make('b', percent(score.value), line);
      }
      if (score.reasons.length) {
        const reasons = make('ul', '', scores);
        score.reasons.forEach((reason) => make('li', reason, reasons));
      }
    });
    make('p', answer.seconds.toFixed(2) + ' s', scores, 'note');
    picture(figure);
  };

  // The picture of the step that is chosen, with boxes and attention over it.
  const picture = (figure) => {
    const answer = figure.answer;
    if (!answer) return;
    const box = figure.querySelector('.frame');
    const at = Number(step.value), last = at >= answer.steps.length;
    box.replaceChildren();
    const img = make('img', '', box);
    img.src = last ? answer.image : answer.steps[at];
    img.width = answer.size[0]; img.height = answer.size[1];
    img.alt = figure.querySelector('figcaption').textContent + (last ? ': the picture' : ': step ' + (at + 1));
    if (last && id('boxes').checked) boxes(box, answer);
    looked(figure, box, answer, last ? answer.steps.length - 1 : at);
  };

  const boxes = (box, answer) => {
    const namespace = 'http://www.w3.org/2000/svg';
    const svg = document.createElementNS(namespace, 'svg');
    svg.setAttribute('viewBox', '0 0 ' + answer.size.join(' '));
    svg.setAttribute('aria-hidden', 'true');
    answer.scores.flatMap((score) => score.boxes).forEach(([label, [x1, y1, x2, y2]]) => {
      const rect = document.createElementNS(namespace, 'rect');
      Object.entries({ 'vector-effect': 'non-scaling-stroke', x: x1, y: y1, width: x2 - x1, height: y2 - y1 }).forEach(([key, value]) => rect.setAttribute(key, value));
      rect.append(Object.assign(document.createElementNS(namespace, 'title'), { textContent: label }));
      svg.append(rect);
    });
    box.append(svg);
  };

  const looked = (figure, box, answer, at) => {
    const line = figure.querySelector('.looked');
    line.textContent = '';
    if (chosen === null || !answer.steps.length) return;
    if (!answer.attention.length) { line.textContent = 'The text reaches this arm as one vector, not as words.'; return; }
    const maps = answer.attention.map((map) => [map, map.words[chosen][at]]).filter(([, cells]) => cells);
    if (!maps.length) { line.textContent = 'This word lies behind what the encoder reads.'; return; }
    const mean = (cells) => cells.reduce((sum, cell) => sum + cell, 0) / cells.length;
    line.textContent = maps.map(([map, cells]) => map.encoder + ' ' + percent(mean(cells)) + ' %').join(', ');
    const grid = maps[0][0].grid;
    const sum = maps[0][1].map((_, cell) => maps.reduce((total, [, cells]) => total + cells[cell], 0));
    const low = Math.min(...sum), span = Math.max(...sum) - low || 1;
    const small = document.createElement('canvas');
    small.width = small.height = grid;
    const paint = small.getContext('2d');
    const pixels = paint.createImageData(grid, grid);
    sum.forEach((value, cell) => {
      const bright = (value - low) / span;
      // Dark veil where it did not look, none where it looked most.
      pixels.data.set([10, 12, 16, Math.round(225 * (1 - bright))], 4 * cell);
    });
    paint.putImageData(pixels, 0, 0);
    const canvas = make('canvas', '', box);
    canvas.width = canvas.height = 256;
    const context = canvas.getContext('2d');
    context.imageSmoothingEnabled = true;
    context.drawImage(small, 0, 0, 256, 256);
  };

  const repaint = () => [...id('arms').children].forEach(picture);

  const bounds = () => {
    const counts = [...id('arms').children].map((figure) => (figure.answer ? figure.answer.steps.length : 0));
    const most = Math.max(0, ...counts), atEnd = step.value === step.max;
    step.max = String(most);
    if (atEnd) step.value = step.max;
    name();
  };
  const name = () => {
    const at = Number(step.value), of = Number(step.max);
    id('step-name').textContent = at === of ? 'the picture' : (at + 1) + ' of ' + of + ': what the arm takes the picture to be';
  };
  const choose = (index) => {
    chosen = index;
    [...id('words').children].forEach((b, i) => b.setAttribute('aria-pressed', String(i === index)));
    repaint();
  };
  const stopFilm = () => { clearInterval(film); film = 0; id('film').textContent = 'Play the steps'; };

  step.addEventListener('input', () => { stopFilm(); name(); repaint(); });
  id('boxes').addEventListener('change', repaint);
  id('film').addEventListener('click', () => {
    if (film) { stopFilm(); return; }
    step.value = '0';
    id('film').textContent = 'Stop';
    film = setInterval(() => {
      if (step.value === step.max) { stopFilm(); return; }
      step.value = String(Number(step.value) + 1);
      name();
      repaint();
    }, 180);
  });
  id('ask').addEventListener('submit', (event) => { event.preventDefault(); draw(); });
  id('prompt').addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey) { event.preventDefault(); draw(); }
  });
  id('dice').addEventListener('click', () => { id('seed').value = String(Math.floor(Math.random() * 4294967296)); draw(); });

  // The note.
  const key = 'gentron play note';
  const load = () => { try { return JSON.parse(localStorage.getItem(key)) || []; } catch { return []; } };
  let note = load();
  const save = () => {
    try { localStorage.setItem(key, JSON.stringify(note)); } catch { say('This browser keeps no more: export the note.'); }
  };
  id('keep').addEventListener('click', () => {
    if (!current || !current.answers.some(Boolean)) return;
    note.push({
      prompt: current.prompt, seed: current.seed, remark: '', recipe: about.recipe, version: about.version,
      unknown: current.words.filter((word) => !word.known).map((word) => word.text),
      arms: about.arms.map((arm, index) => {
        const answer = current.answers[index];
        return answer && { ...arm, image: answer.image, scores: answer.scores.map(({ metric, value, unscored, reasons }) => ({ metric, value, unscored, reasons })) };
      }).filter(Boolean),
    });
    save();
    list();
    say('Kept: case ' + note.length + ' of the note.');
  });
  const list = () => {
    const cases = id('cases');
    cases.replaceChildren();
    id('note-empty').hidden = note.length > 0;
    id('exports').hidden = note.length === 0;
    note.forEach((kept, index) => {
      const item = make('li', '', cases);
      const head = make('div', '', item, 'row');
      make('b', '“' + kept.prompt + '”', head).dir = 'auto';
      make('span', 'seed ' + kept.seed, head, 'note');
      button('Draw again', head, () => { id('prompt').value = kept.prompt; id('seed').value = String(kept.seed); draw(); scrollTo({ top: 0 }); }, 'quiet');
      button('Remove', head, () => { note.splice(index, 1); save(); list(); }, 'quiet');
      const pictures = make('div', '', item, 'row');
      kept.arms.forEach((arm) => { const img = make('img', '', pictures); img.src = arm.image; img.alt = arm.label; img.title = arm.label; });
      const remark = make('input', '', make('label', 'Remark ', item));
      remark.value = kept.remark;
      remark.addEventListener('input', () => { kept.remark = remark.value; save(); });
    });
  };
  const download = (name, type, text) => {
    const link = make('a', '', document.body);
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
    link.remove();
  };
  const plain = (text) => text.replace(/[\\`*_{}[\]<>#|]/g, '\\$&').replace(/\s+/g, ' ');
  const markdown = () => {
    const lines = ['# gentron play', ''];
    note.forEach((kept) => {
      lines.push('## “' + plain(kept.prompt) + '”', '', 'Seed ' + kept.seed + ', recipe ' + plain(kept.recipe) + ', gentron ' + plain(kept.version) + '.');
      if (kept.remark) lines.push('', plain(kept.remark));
      if (kept.unknown.length) lines.push('', 'Unknown words: ' + kept.unknown.map(plain).join(', ') + '.');
      lines.push('');
      kept.arms.forEach((arm) => {
        lines.push('### ' + plain(arm.label), '', '![' + plain(arm.label) + '](' + arm.image + ')', '', '`' + arm.id + '`, ' + plain(arm.sampler) + ', weights `' + arm.weights.slice(0, 12) + '`', '');
        arm.scores.forEach((score) => {
          lines.push('- ' + plain(score.metric) + ': ' + (score.value === null ? 'unscored, ' + plain(score.unscored) : percent(score.value)));
          score.reasons.forEach((reason) => lines.push('  - ' + plain(reason)));
        });
        lines.push('');
      });
    });
    return lines.join('\n');
  };
  id('markdown').addEventListener('click', () => download('gentron-note.md', 'text/markdown', markdown()));
  id('json').addEventListener('click', () => download('gentron-note.json', 'application/json', JSON.stringify({ format: 1, cases: note }, null, 2)));
  id('clear').addEventListener('click', () => { note = []; save(); list(); });

  begin().catch((error) => say('It did not work: ' + error.message));
})();
