// Confusion matrices: a cell, or a row of the list beside it, shows the pictures behind it; shares can be counts.
for (const matrix of document.querySelectorAll('.confusion')) {
  const data = saved(matrix);
  const gallery = galleries[matrix.dataset.gallery];
  const run = Number(matrix.dataset.run);
  const behind = matrix.querySelector('.behind');
  const counts = new Map(data.cells.map(([truth, predicted, count]) => [truth + '-' + predicted, count]));
  const count = (truth, predicted) => counts.get(truth + '-' + predicted) || 0;
  const show = (truth, predicted) => {
    const number = count(truth, predicted);
    const title = make('h3', {}, number + ' of ' + data.totals[truth] + ' of class ', named(data.classes[truth]), truth === predicted ? ' recognised' : ' taken for ');
    if (truth !== predicted) title.append(named(data.classes[predicted]));
    behind.replaceChildren(title);
    matrix.querySelectorAll('.chosen').forEach((other) => other.classList.remove('chosen'));
    matrix.querySelectorAll('[data-row="' + truth + '"][data-column="' + predicted + '"], tr[data-truth="' + truth + '"][data-predicted="' + predicted + '"]').forEach((it) => it.classList.add('chosen'));
    if (!gallery) return;
    const tiles = gallery.pictures.map((_, tile) => tile).filter((tile) => gallery.pictures[tile].truth === truth && answerOf(gallery, tile, run)[0] === predicted);
    const right = truth === predicted;
    tiles.sort((a, b) => (answerOf(gallery, b, run)[1] - answerOf(gallery, a, run)[1]) * (right ? -1 : 1));
    const some = tiles.slice(0, 18);
    const all = some.length === number ? 'all of them' : 'the ' + some.length + (right ? ' least' : ' most') + ' confident that the page holds';
    if (some.length) behind.append(make('p', { class: 'caption' }, all), make('div', { class: 'tiles' }, ...some.map((_, at) => figureOf(gallery, tiles, at, run))));
  };
  const opens = (element, truth, predicted) => {
    element.setAttribute('tabindex', '0');
    element.setAttribute('role', 'button');
    element.addEventListener('click', () => show(truth, predicted));
    element.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      show(truth, predicted);
    });
  };
  const cells = [...matrix.querySelectorAll('.viz-cell')];
  for (const cell of cells) {
    const [truth, predicted] = [Number(cell.dataset.row), Number(cell.dataset.column)];
    opens(cell, truth, predicted);
    cell.setAttribute('aria-label', count(truth, predicted) + ' of class ' + data.classes[truth] + ' given class ' + data.classes[predicted]);
  }
  for (const row of matrix.querySelectorAll('tr[data-truth]')) {
    opens(row, Number(row.dataset.truth), Number(row.dataset.predicted));
    row.removeAttribute('role');
  }
  if (cells.length) {
    const most = Math.max(1, ...data.cells.filter(([truth, predicted]) => truth !== predicted).map((cell) => cell[2]));
    const paint = (absolute) => {
      for (const cell of cells) {
        const [truth, predicted] = [Number(cell.dataset.row), Number(cell.dataset.column)];
        if (truth === predicted) continue;
        const value = absolute ? count(truth, predicted) / most : count(truth, predicted) / data.totals[truth] / data.deepest;
        const opacity = 0.15 + 0.85 * Math.sqrt(Math.min(1, value));
        cell.setAttribute('fill-opacity', opacity);
        const text = cell.nextElementSibling;
        if (text && text.classList.contains('viz-on')) {
          text.classList.toggle('viz-ink', opacity <= 0.75);
          text.setAttribute('fill', opacity <= 0.75 ? '#262626' : '#ffffff');
        }
      }
    };
    matrix.querySelector('.matrix').prepend(make('div', { class: 'tools' }, choice('colour by', [['share', 'share of the class'], ['count', 'number of pictures']], (by) => paint(by === 'count'))));
  }
  const squares = matrix.querySelector('.squares');
  if (squares) {
    const size = data.order.length;
    const reading = make('div', { class: 'reading', hidden: '' });
    const image = squares.querySelector('img');
    squares.append(reading);
    const at = (event) => {
      const box = image.getBoundingClientRect();
      const place = (part) => data.order[Math.max(0, Math.min(size - 1, Math.floor(part * size)))];
      return [place((event.clientY - box.top) / box.height), place((event.clientX - box.left) / box.width), event.clientX - box.left, event.clientY - box.top, box.width];
    };
    image.addEventListener('pointermove', (event) => {
      const [truth, predicted, x, y, width] = at(event);
      reading.replaceChildren(make('b', {}, String(count(truth, predicted))), ' of ' + data.totals[truth] + ' ', named(data.classes[truth]), ' → ', named(data.classes[predicted]));
      reading.hidden = false;
      reading.style.left = Math.max(0, Math.min(x + 12, width - reading.offsetWidth)) + 'px';
      reading.style.top = y + 16 + 'px';
    });
    image.addEventListener('pointerleave', () => (reading.hidden = true));
    image.addEventListener('click', (event) => show(...at(event).slice(0, 2)));
  }
  const worst = data.cells.filter(([truth, predicted]) => truth !== predicted).sort((a, b) => b[2] - a[2])[0];
  if (worst && document.querySelectorAll('.confusion').length === 1) show(worst[0], worst[1]);
}
