// Charts are drawn again for the width that they have, with the lines, the scale and the smoothing that a reader chooses.
// What was chosen holds for a chart of the same title when a page that is being trained is renewed.
const chosen = {};
const smooth = (points, weight) => {
  let mean = 0;
  let seen = 0;
  return points.map(([x, y]) => {
    if (y === null) return [x, y];
    mean = weight * mean + (1 - weight) * y;
    seen = weight * seen + 1 - weight;
    return [x, mean / seen];
  });
};
const niceStep = (rough) => {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999);
};
// The ends and ticks of an axis; noise around a level does not fill it.
const linearAxis = (low, high, count, roomy) => {
  if (roomy && low > 0 && low < 0.4 * high) low = 0;
  const least = Math.max(Math.abs(low), Math.abs(high), 1e-12) * (roomy ? 0.1 : 1e-9);
  if (high - low < least) [low, high] = [(low + high - least) / 2, (low + high + least) / 2];
  const step = niceStep((high - low) / count);
  if (roomy) [low, high] = [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step];
  const ticks = [];
  for (let tick = Math.ceil(low / step - 1e-9); tick * step <= high + step * 1e-9; tick += 1) ticks.push(tick * step);
  return { low, high, ticks, place: (value) => (value - low) / (high - low) };
};
const logAxis = (low, high) => {
  if (high / low < 1.5) [low, high] = [low / 1.25, high * 1.25];
  const decades = Math.log10(high / low);
  const within = decades > 3 ? [1] : decades > 1.3 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 7];
  const all = [];
  for (let power = Math.floor(Math.log10(low)) - 1; power <= Math.ceil(Math.log10(high)); power += 1) within.forEach((factor) => all.push(factor * 10 ** power));
  const first = all.filter((tick) => tick <= low * 1.0001).pop() || low;
  const last = all.find((tick) => tick >= high * 0.9999) || high;
  const ticks = all.filter((tick) => tick >= first * 0.9999 && tick <= last * 1.0001);
  return { low: first, high: last, ticks, place: (value) => Math.log(value / first) / Math.log(last / first) };
};
const brief = (value) => (value === 0 ? '0' : Math.abs(value) >= 1e5 || Math.abs(value) < 1e-4 ? value.toExponential(1).replace('.0e', 'e') : String(Number(value.toPrecision(4))));
const reads = (value, percent) => (value === null ? 'not finite' : percent ? percentage(value) : brief(value));

// A line is known by its colour and by the shape of its points: corners around (0, 0), none for a circle.
const SHAPES = [null, [[-1, -1], [1, -1], [1, 1], [-1, 1]], [[0, -1.2], [1.2, 1], [-1.2, 1]], [[0, -1.4], [1.4, 0], [0, 1.4], [-1.4, 0]], [[-1.2, -1], [1.2, -1], [0, 1.2]], [[-1, -0.5], [0, -1.2], [1, -0.5], [1, 0.5], [0, 1.2], [-1, 0.5]], [[-0.4, -1.3], [0.4, -1.3], [0.4, -0.4], [1.3, -0.4], [1.3, 0.4], [0.4, 0.4], [0.4, 1.3], [-0.4, 1.3], [-0.4, 0.4], [-1.3, 0.4], [-1.3, -0.4], [-0.4, -0.4]]];
const mark = (line, x, y, size, kind) => {
  const corners = SHAPES[line.colour];
  const where = corners ? { points: corners.map(([right, down]) => (x + right * size).toFixed(1) + ',' + (y + down * size).toFixed(1)).join(' ') } : { cx: x, cy: y, r: size };
  return drawn(corners ? 'polygon' : 'circle', { class: kind + ' s' + line.colour, ...where });
};

let paper = 0;
const chart = (figure) => {
  const numbers = saved(figure);
  const state = (chosen[numbers.title] ||= { log: numbers.log, smoothing: Math.max(0, Math.min(0.9, 1 - 10 / Math.max(1, ...numbers.series.map((line) => line.points.length)))), hidden: new Set(), at: null });
  const place = figure.querySelector('.drawing');
  const reading = make('div', { class: 'reading', hidden: '' });
  const head = make('figcaption', {}, make('b', {}, numbers.title));
  const legend = make('div', { class: 'legend' });
  const live = make('div', { class: 'unseen', 'aria-live': 'polite' });
  figure.querySelectorAll('figcaption, .legend, .reading, .unseen').forEach((old) => old.remove());
  figure.prepend(head);
  figure.append(legend, reading, live);
  const positive = numbers.series.every((line) => line.raw || line.points.every(([, y]) => y === null || y > 0));
  if (positive && !['Learning rate', 'Time per epoch'].includes(numbers.title)) {
    const button = make('button', { type: 'button', class: 'small log', 'aria-pressed': state.log }, 'log');
    button.addEventListener('click', () => {
      state.log = !state.log;
      button.setAttribute('aria-pressed', state.log);
      draw();
    });
    head.append(button);
  }
  if (numbers.series.some((line) => line.raw)) {
    const slider = make('input', { type: 'range', min: 0, max: 0.99, step: 0.01, value: state.smoothing, 'aria-label': 'smoothing of ' + numbers.title });
    slider.addEventListener('input', () => {
      state.smoothing = Number(slider.value);
      draw();
    });
    head.append(make('label', { class: 'small smoothing' }, 'smoothing ', slider));
  }
  if (numbers.series.length > 1) {
    for (const line of numbers.series) {
      const key = make('i', { class: 'key s' + line.colour + ' m' + line.colour + ' dash' + line.dash });
      const button = make('button', { type: 'button', class: 'small', 'aria-pressed': !state.hidden.has(line.name) }, key, named(line.name));
      button.addEventListener('click', () => {
        if (!state.hidden.delete(line.name)) state.hidden.add(line.name);
        button.setAttribute('aria-pressed', !state.hidden.has(line.name));
        draw();
      });
      // Whoever points at a name, or goes to it with the keyboard, sees its line before the others.
      for (const [event, name] of [['pointerenter', line.name], ['focus', line.name], ['pointerleave', null], ['blur', null]]) {
        button.addEventListener(event, () => {
          for (const stroke of place.querySelectorAll('polyline')) stroke.classList.toggle('behind-others', name !== null && stroke.dataset.line !== name);
        });
      }
      legend.append(button);
    }
  }
  let frame;
  const draw = () => {
    const width = paper || Math.max(260, Math.round(place.clientWidth || 600));
    // One that stands alone across the page need not be as high.
    const height = width > 800 && numbers.series.length === 1 ? 200 : Math.round(Math.min(320, Math.max(210, width * 0.5)));
    const shown = numbers.series.filter((line) => !state.hidden.has(line.name));
    const lines = shown.map((line) => ({ ...line, drawn: line.raw ? smooth(line.points, state.smoothing) : line.points }));
    const ys = lines.flatMap((line) => line.drawn.map((point) => point[1])).filter((y) => y !== null && (!state.log || y > 0));
    const xs = numbers.series.flatMap((line) => [line.points[0][0], line.points[line.points.length - 1][0]]);
    const [low, high] = ys.length ? [Math.min(...ys), Math.max(...ys)] : [0.1, 1];
    const y = state.log ? logAxis(low, high) : linearAxis(low, high, height / 48, true);
    const x = linearAxis(Math.min(0, ...xs), Math.max(...xs), width / 70, false);
    const label = (tick) => (numbers.percent ? brief(tick * 100) + ' %' : brief(tick));
    const left = 12 + Math.max(...y.ticks.map((tick) => label(tick).length)) * 7;
    const [right, top, bottom] = [width - 10, 10, height - 40];
    const across = (value) => left + x.place(value) * (right - left);
    const up = (value) => bottom - Math.min(1.02, Math.max(-0.02, y.place(value))) * (bottom - top);
    const svg = drawn('svg', { width, height, viewBox: '0 0 ' + width + ' ' + height, role: 'img', tabindex: 0, 'aria-label': numbers.title + ' over ' + numbers.x + 's: ' + shown.map((line) => line.name + ' ends at ' + reads(line.points[line.points.length - 1][1], numbers.percent)).join(', ') + '. Arrow keys read values.' });
    for (const tick of y.ticks) {
      svg.append(drawn('line', { class: 'viz-grid', x1: left, x2: right, y1: up(tick), y2: up(tick) }), drawn('text', { class: 'viz-muted', x: left - 6, y: up(tick) + 4, 'text-anchor': 'end', 'font-size': 12 }, label(tick)));
    }
    for (const tick of x.ticks) {
      svg.append(drawn('line', { class: 'viz-axis', x1: across(tick), x2: across(tick), y1: bottom, y2: bottom + 4 }), drawn('text', { class: 'viz-muted', x: across(tick), y: bottom + 18, 'text-anchor': 'middle', 'font-size': 12 }, brief(tick)));
    }
    svg.append(drawn('line', { class: 'viz-axis', x1: left, x2: right, y1: bottom, y2: bottom }), drawn('text', { class: 'viz-muted', x: right, y: height - 4, 'text-anchor': 'end', 'font-size': 12 }, numbers.x));
    const path = (points) => points.filter((point) => point[1] !== null && (!state.log || point[1] > 0)).map((point) => across(point[0]).toFixed(1) + ',' + up(point[1]).toFixed(1)).join(' ');
    for (const line of lines.filter((line) => line.raw && state.smoothing > 0)) svg.append(drawn('polyline', { class: 'stroke s' + line.colour + ' pale', 'data-line': line.name, points: path(line.points) }));
    for (const line of lines) {
      svg.append(drawn('polyline', { class: 'stroke s' + line.colour + ' dash' + line.dash, 'data-line': line.name, points: path(line.drawn) }));
      if (!line.raw && line.points.length <= 40) for (const [px, py] of line.points) if (py !== null && (!state.log || py > 0)) svg.append(mark(line, across(px), up(py), 3.2, 'fill'));
      const finite = line.points.filter((point) => point[1] !== null && (!state.log || point[1] > 0));
      if (line.marked && finite.length) {
        const [bx, by] = finite.reduce((best, point) => (point[1] < best[1] ? point : best));
        svg.append(mark(line, across(bx), up(by), 6, 'ring'));
      }
    }
    const guide = drawn('line', { class: 'guide', y1: top, y2: bottom, visibility: 'hidden' });
    svg.append(guide);
    place.replaceChildren(svg);
    const stops = [...new Set(shown.flatMap((line) => line.points.map((point) => point[0])))].sort((a, b) => a - b);
    frame = { stops, across, guide, lines, width, left };
    svg.addEventListener('pointermove', (event) => {
      const box = svg.getBoundingClientRect();
      const at = (event.clientX - box.left) / box.width * width;
      read(stops.reduce((best, stop) => (Math.abs(across(stop) - at) < Math.abs(across(best) - at) ? stop : best), stops[0]));
    });
    svg.addEventListener('pointerleave', unread);
    svg.addEventListener('blur', unread);
    svg.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const far = event.shiftKey ? 20 : 1;
      const now = state.at === null ? (step > 0 ? -1 : stops.length) : stops.indexOf(state.at);
      read(stops[Math.max(0, Math.min(stops.length - 1, now + step * far))]);
      live.textContent = reading.innerText;
    });
    if (state.at !== null) read(state.at);
  };
  // Each line's point at or before the place, so that runs of other lengths can be read beside each other.
  const read = (stop) => {
    if (stop === undefined) return;
    state.at = stop;
    const { across, guide, lines, width } = frame;
    for (const name of ['x1', 'x2']) guide.setAttribute(name, across(stop));
    guide.setAttribute('visibility', 'visible');
    reading.replaceChildren(make('b', {}, numbers.x + ' ' + Number(stop.toFixed(2))));
    for (const line of lines) {
      const point = line.drawn.filter((other) => other[0] <= stop + 1e-9).pop();
      if (!point || (point[0] < stop && line.drawn[line.drawn.length - 1] === point && !line.raw && line.points.length > 1 && stop - point[0] > 1.001)) continue;
      reading.append(make('div', {}, make('i', { class: 'key s' + line.colour + ' m' + line.colour + ' dash' + line.dash }), named(line.name), ' ' + reads(point[1], numbers.percent)));
    }
    reading.hidden = false;
    const scale = place.clientWidth / width;
    const at = across(stop) * scale;
    reading.style.left = Math.max(0, at + 12 + reading.offsetWidth < place.clientWidth ? at + 12 : at - 12 - reading.offsetWidth) + 'px';
    reading.style.top = place.offsetTop + 8 + 'px';
  };
  const unread = () => {
    frame.guide.setAttribute('visibility', 'hidden');
    reading.hidden = true;
    state.at = null;
  };
  draw();
  figure.redraw = draw;
};
const chartAll = () => document.querySelectorAll('.chart').forEach(chart);
chartAll();
document.addEventListener('redrawn', chartAll);
let resized;
addEventListener('resize', () => {
  clearTimeout(resized);
  resized = setTimeout(() => document.querySelectorAll('.chart').forEach((figure) => figure.redraw()), 100);
});
// On paper a chart has a third of the page: it is drawn for that width, so that its letters stay readable.
for (const [event, width] of [['beforeprint', 300], ['afterprint', 0]]) {
  addEventListener(event, () => {
    paper = width;
    document.querySelectorAll('.chart').forEach((figure) => figure.redraw());
  });
}
