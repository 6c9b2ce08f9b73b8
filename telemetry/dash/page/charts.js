// Which charts there are, and which lines of which runs each shows.

const CHARTS = [
  { id: 'loss', title: 'chartLoss', unit: 'unitNats', wide: true, log: true, tags: [{ tag: 'train/loss', name: 'trained' }, { tag: 'eval/loss', name: 'heldOut', marks: true }] },
  { id: 'source', title: 'chartSource', unit: 'unitNats', log: true, families: [{ prefix: 'train/loss/' }, { prefix: 'eval/loss/', marks: true, name: 'heldOut' }] },
  { id: 'bits', title: 'chartBits', unit: 'unitBits', tags: [{ tag: 'eval/bits_per_byte', name: 'whole', marks: true, named: true }], families: [{ prefix: 'eval/bits_per_byte/', marks: true }] },
  { id: 'norm', title: 'chartNorm', unit: 'unitNorm', log: true, tags: [{ tag: 'train/grad_norm', name: 'trained' }] },
  { id: 'share', title: 'chartShare', unit: 'unitShare', percent: true, stacked: true, fromZero: true, calm: true, families: [{ prefix: 'train/grad_share/' }] },
  { id: 'rate', title: 'chartRate', raw: true, fromZero: true, tags: [{ tag: 'train/learning_rate', name: 'trained' }] },
  { id: 'speed', title: 'chartSpeed', unit: 'unitSpeed', count: true, fromZero: true, tags: [{ tag: 'train/tokens_per_second', name: 'trained' }] },
];

// inOrder sorts names so that layer 10 comes after layer 2, and a model's groups from
// its bottom to its top.
const rank = (name) => /^embed/.test(name) ? 0 : /^(lm_)?head|^(final_)?norm/.test(name) ? 2 : 1;
const inOrder = (a, b) => rank(a) - rank(b) || a.localeCompare(b, 'en', { numeric: true });

// linesOf makes the lines of a chart from the runs that are shown. Runs differ by
// colour where a chart has one line of each; sources and groups do otherwise, and runs
// by their dashes.
function linesOf(spec, runs, xOf) {
  const several = runs.length > 1, lines = [];
  const names = new Set();
  for (const f of spec.families || []) {
    for (const run of runs) for (const tag of run.series.keys()) if (tag.startsWith(f.prefix)) names.add(tag.slice(f.prefix.length));
  }
  const order = [...names].sort(inOrder);
  const add = (run, tag, name, colour, dash, marks) => {
    const s = run.series.get(tag);
    if (!s || !s.steps.length) return;
    const x = s.steps.map((step) => xOf(run, step));
    lines.push({ key: run.name + '\n' + tag, run: run.name, name, colour: colourOf(colour), dash, marks, shape: run.index, x, y: s.values, smooth: spec.raw || marks || !s.smooth ? undefined : s.smooth });
  };
  for (const run of runs) {
    for (const t of spec.tags || []) {
      const plain = spec.tags.length > 1 || t.named ? say(t.name) : '';
      add(run, t.tag, several ? [run.name, plain].filter(Boolean).join(' · ') : plain || say(spec.title),
        spec.families ? order.length : run.index, several ? dashOf(run.index) : [], t.marks);
    }
    for (const f of spec.families || []) {
      order.forEach((name, i) => add(run, f.prefix + name, [several ? run.name : '', name, f.name && say(f.name)].filter(Boolean).join(' · '),
        i, several ? dashOf(run.index) : [], f.marks));
    }
  }
  return lines;
}
