'use strict';
(() => {
  const make = (name, text, style) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (style) element.className = style;
    return element;
  };
  const saved = (element) => JSON.parse(element.querySelector('script[type="application/json"]').textContent);

  // Charts: the horizontal axis runs from the first to the last point, so a place on it is a number.
  const written = (value, percent) => {
    if (value === null) return 'not finite';
    if (percent) return (value * 100).toFixed(2) + ' %';
    return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
  };
  const follow = (chart) => {
    const numbers = saved(chart);
    const svg = chart.querySelector('svg');
    const reading = chart.querySelector('.reading');
    const axis = [...svg.querySelectorAll('line.viz-axis')].find((line) => line.getAttribute('y1') === line.getAttribute('y2'));
    const all = [...new Set(numbers.series.flatMap((series) => series.points.map((point) => point[0])))].sort((a, b) => a - b);
    if (!axis || !all.length) return;
    const [left, right] = ['x1', 'x2'].map((name) => Number(axis.getAttribute(name)));
    const [first, last] = [all[0], all[all.length - 1]];
    const place = (x) => (last > first ? left + (x - first) / (last - first) * (right - left) : (left + right) / 2);
    const guide = document.createElementNS(svg.namespaceURI, 'line');
    guide.setAttribute('class', 'guide');
    guide.setAttribute('y1', 40);
    guide.setAttribute('y2', axis.getAttribute('y1'));
    guide.style.display = 'none';
    svg.append(guide);
    // Own readings take the place of the hints that browsers show after a while.
    svg.querySelectorAll('title').forEach((title) => title.remove());
    chart.addEventListener('pointermove', (event) => {
      const box = svg.getBoundingClientRect();
      const at = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
      const x = all.reduce((best, other) => (Math.abs(place(other) - at) < Math.abs(place(best) - at) ? other : best));
      guide.setAttribute('x1', place(x));
      guide.setAttribute('x2', place(x));
      guide.style.display = '';
      reading.replaceChildren(make('b', numbers.x + ' ' + x));
      numbers.series.forEach((series, number) => {
        const point = series.points.find((other) => other[0] === x);
        if (!point) return;
        const line = make('div');
        const mark = make('i');
        mark.style.background = 'var(--s' + number % 7 + ')';
        line.append(mark, series.name + ' ' + written(point[1], numbers.percent));
        reading.append(line);
      });
      reading.hidden = false;
      const across = place(x) / svg.viewBox.baseVal.width * box.width;
      reading.style.left = Math.max(0, across + 14 + reading.offsetWidth < box.width ? across + 14 : across - 14 - reading.offsetWidth) + 'px';
      reading.style.top = Math.max(0, event.clientY - box.top - reading.offsetHeight - 8) + 'px';
    });
    chart.addEventListener('pointerleave', () => {
      guide.style.display = 'none';
      reading.hidden = true;
    });
  };
  const followAll = () => document.querySelectorAll('.chart').forEach(follow);
  followAll();
  document.addEventListener('redrawn', followAll);

  // Confusion matrices: a cell shows the pictures behind it.
  const certainty = (probability) => (probability * 100 >= 99.95 ? '>99.9 %' : (probability * 100).toFixed(1) + ' %');
  for (const matrix of document.querySelectorAll('.confusion:not(.bare)')) {
    const { sheet, cells } = saved(matrix);
    const behind = matrix.querySelector('.behind');
    const show = (rect, cell) => {
      matrix.querySelectorAll('.chosen').forEach((other) => other.classList.remove('chosen'));
      rect.classList.add('chosen');
      const right = cell.truth === cell.predicted;
      const title = right ? cell.count + ' of class ' + cell.named[0] + ' recognised' : cell.count + ' of class ' + cell.named[0] + ' taken for ' + cell.named[1];
      const some = cell.shown.length < cell.count ? 'the ' + cell.shown.length + (right ? ' least certain' : ' most confident') + ' of them' : 'all of them';
      const tiles = make('div', undefined, 'tiles');
      for (const shown of cell.shown) {
        const picture = make('i', undefined, 'sprite ' + sheet.id);
        picture.style.backgroundPosition = -(shown.tile % sheet.columns) * sheet.width + 'px ' + -Math.floor(shown.tile / sheet.columns) * sheet.height + 'px';
        picture.title = 'test picture ' + shown.picture;
        picture.setAttribute('role', 'img');
        picture.setAttribute('aria-label', picture.title);
        const tile = make('figure', undefined, 'tile captioned');
        tile.append(picture, make('figcaption', certainty(shown.probability), 'muted'));
        tiles.append(tile);
      }
      behind.replaceChildren(make('h3', title), make('p', some + ', with the probability of class ' + cell.named[1], 'caption'), tiles);
    };
    let first;
    for (const rect of matrix.querySelectorAll('.viz-cell')) {
      const cell = cells[rect.dataset.row + '-' + rect.dataset.column];
      if (!cell) continue;
      rect.setAttribute('tabindex', '0');
      rect.setAttribute('role', 'button');
      rect.addEventListener('click', () => show(rect, cell));
      rect.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        show(rect, cell);
      });
      const weight = (other) => (other.truth === other.predicted ? 0 : other.count);
      if (!first || weight(cell) > weight(first.cell)) first = { rect, cell };
    }
    if (first) show(first.rect, first.cell);
  }
})();
