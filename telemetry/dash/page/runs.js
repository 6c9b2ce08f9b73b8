// The runs: what the server tells of them, kept up to date, and their cards.

const number = (v) => typeof v === 'string' ? (v === 'NaN' ? NaN : v === '+Inf' ? Infinity : v === '-Inf' ? -Infinity : Number(v)) : v;

class Run {
  constructor(summary, index) {
    this.index = index; this.name = summary.run; this.shown = true;
    this.series = new Map(); this.rows = -1; this.generation = 0; this.waiting = [];
    this.setSummary(summary);
  }

  setSummary(s) {
    this.summary = s;
    this.last = Object.fromEntries(Object.entries(s.last).map(([k, v]) => [k, number(v)]));
  }

  // load reads the curves. Events that come meanwhile wait for it.
  async load(query) {
    if (this.loading) { this.again = query; return; }
    this.loading = true;
    try {
      do {
        const q = this.again || query;
        this.again = undefined;
        const answer = await fetch('api/series?' + new URLSearchParams({ run: this.name, ...q }));
        if (!answer.ok) throw new Error('series: ' + answer.status);
        this.takeAll(await answer.json(), Number(q.smooth), Number(q.points), Number(q.after));
      } while (this.again);
    } finally { this.loading = false; }
    const waiting = this.waiting;
    this.waiting = [];
    return waiting.map((e) => this.take(e)).every(Boolean);
  }

  takeAll(j, keep, most, after) {
    this.series.clear();
    this.keep = keep; this.most = most; this.after = after;
    this.generation = j.generation; this.rows = j.rows; this.summary.step = j.step;
    for (const [tag, c] of Object.entries(j.series)) {
      this.series.set(tag, {
        steps: c.steps, values: c.values.map(number), smooth: c.smooth && c.smooth.map(number),
        sum: c.average ? number(c.average.sum) : 0, weight: c.average ? number(c.average.weight) : 0,
      });
    }
  }

  // take adds the lines of an event. It returns false when the curves must be read anew.
  take(e) {
    if (this.loading) { this.waiting.push(e); return true; }
    if (e.generation !== this.generation || e.first > this.rows) return false;
    let fits = true;
    for (const row of e.rows.slice(this.rows - e.first)) {
      this.rows++;
      this.summary.step = row.step;
      for (const [tag, value] of Object.entries(row.values)) {
        const v = number(value);
        this.last[tag] = v;
        fits = this.append(tag, row.step, v) && fits;
      }
    }
    return fits;
  }

  append(tag, step, v) {
    let s = this.series.get(tag);
    if (!s) this.series.set(tag, s = { steps: [], values: [], smooth: this.keep > 0 ? [] : undefined, sum: 0, weight: 0 });
    s.steps.push(step); s.values.push(v);
    if (s.smooth) {
      if (Number.isFinite(v)) { s.sum = this.keep * s.sum + (1 - this.keep) * v; s.weight = this.keep * s.weight + 1 - this.keep; }
      s.smooth.push(s.weight > 0 ? s.sum / s.weight : NaN);
    }
    return s.steps.length <= 2 * this.most;
  }

  // along tells where a step lies on another curve, between its points.
  along(tag, step) {
    const s = this.series.get(tag);
    if (!s || !s.steps.length) return NaN;
    const xs = s.steps;
    let low = 0, high = xs.length - 1;
    if (step >= xs[high]) return s.values[high];
    if (step <= xs[0]) return s.values[0];
    while (high - low > 1) { const mid = (low + high) >> 1; if (xs[mid] <= step) low = mid; else high = mid; }
    return s.values[low] + (s.values[high] - s.values[low]) * (step - xs[low]) / (xs[high] - xs[low] || 1);
  }
}

// Card shows a run at the top of the page.
class Card {
  constructor(run, board) {
    this.run = run;
    this.box = make('input', { type: 'checkbox', checked: true, onchange: () => { run.shown = this.box.checked; this.root.classList.toggle('off', !run.shown); board.redraw(); } });
    this.swatch = make('canvas', { class: 'swatch', 'aria-hidden': 'true' });
    this.badge = make('span', { class: 'badge' });
    this.sub = make('p', { class: 'sub' });
    this.left = make('span'); this.right = make('span', { class: 'sub' });
    this.fill = make('div');
    this.bar = make('div', { class: 'bar', role: 'progressbar', 'aria-valuemin': '0', 'aria-valuemax': '100' }, this.fill);
    this.facts = make('dl', { class: 'facts' });
    this.notes = make('div');
    this.root = make('article', { class: 'run', 'data-run': run.name },
      make('header', {}, make('label', {}, this.box, this.swatch, make('h2', {}, run.name)), this.badge),
      this.sub, make('div', { class: 'progress' }, this.left, this.right), this.bar, this.facts, this.notes);
  }

  update(several, now) {
    const { summary: s, last } = this.run;
    drawSwatch(this.swatch, colourOf(this.run.index), several ? dashOf(this.run.index) : []);
    this.box.hidden = this.swatch.hidden = !several;
    this.badge.textContent = say(s.status);
    this.badge.className = 'badge ' + s.status;
    const from = s.parent && s.parent.run_id ? say('parent', s.parent.run_id, grouped(s.parent.step)) : '';
    this.sub.textContent = [s.run_id && say('id', s.run_id), s.model, from, s.host && say('host', s.host)].filter(Boolean).join(' · ');
    const done = s.steps > 0 ? Math.min(1, s.step / s.steps) : 0;
    this.left.textContent = say('step', grouped(s.step), s.steps > 0 ? grouped(s.steps) : '');
    this.bar.hidden = !(s.steps > 0);
    this.fill.style.width = (100 * done).toFixed(2) + '%';
    this.bar.setAttribute('aria-valuenow', String(Math.round(100 * done)));
    this.bar.setAttribute('aria-label', this.left.textContent);
    this.right.textContent = s.steps > 0 ? (100 * done).toFixed(done === 1 ? 0 : 1) + '%' : '';
    this.updateFacts(s, last);
    this.updateNotes(s, last, now);
  }

  updateFacts(s, last) {
    const running = s.status === 'running' || s.status === 'elsewhere';
    const end = s.ended || last.time;
    const facts = [
      ['loss', last['train/loss'], digits], ['evalLoss', last['eval/loss'], digits], ['tokens', last['train/tokens'], counted],
      ['speed', last['train/tokens_per_second'], counted], ['mfu', last['train/peak_share'], percent], ['wait', last['train/data_wait'], percent],
      running ? ['eta', last['train/eta_seconds'], lasting] : ['took', s.started && end ? end - s.started : undefined, lasting],
    ];
    this.facts.replaceChildren(...facts.filter(([, v]) => v !== undefined)
      .map(([name, v, write]) => make('div', {}, make('dt', {}, say(name)), make('dd', { 'data-fact': name }, write(v)))));
  }

  updateNotes(s, last, now) {
    const silence = last.time ? now - last.time : 0;
    const notes = [
      [s.message, s.status === 'failed'], [s.status === 'lost' && say('lostHelp'), true], [s.status === 'elsewhere' && say('elsewhereHelp', s.host), false],
      [(s.status === 'running' || s.status === 'elsewhere') && silence > 120 && say('silent', lasting(silence)), false],
      [s.skipped_lines > 0 && say('skipped', s.skipped_lines), false], [s.problem, true],
    ];
    this.notes.replaceChildren(...notes.filter(([text]) => text).map(([text, bad]) => make('p', { class: 'message' + (bad ? ' bad' : '') }, text)));
  }
}

// panelTable shows what the runs say of themselves, side by side.
function panelTable(runs) {
  const keys = [], several = runs.length > 1;
  for (const r of runs) for (const row of r.summary.panel) if (!keys.includes(row.key)) keys.push(row.key);
  if (!runs.length) return make('p', { class: 'note' }, say('loading'));
  if (!keys.length) return make('p', { class: 'note' }, say('noDetails'));
  const body = make('tbody');
  for (const key of keys) {
    const values = runs.map((r) => r.summary.panel.filter((row) => row.key === key).map((row) => row.value).join('\n'));
    body.append(make('tr', { class: several && new Set(values).size > 1 ? 'differs' : '' },
      make('th', { scope: 'row' }, key), ...values.map((v) => make('td', {}, v))));
  }
  const table = make('table', { class: several ? 'many' : '' });
  if (several) table.append(make('thead', {}, make('tr', {}, make('td'), ...runs.map((r) => make('th', { scope: 'col' }, r.name)))));
  table.append(body);
  return table;
}
