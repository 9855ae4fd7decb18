// Confusion matrices: a cell, or a row of the list beside it, shows the pictures behind it; shares can be counts.
// From here on a cell's number is white.
const OPAQUE = 0.935;
const painted = [];
for (const matrix of document.querySelectorAll('.confusion')) {
  const data = saved(matrix);
  const gallery = galleries[matrix.dataset.gallery];
  const run = Number(matrix.dataset.run);
  const behind = matrix.querySelector('.behind');
  const counts = new Map(data.cells.map(([truth, predicted, count]) => [truth + '-' + predicted, count]));
  const count = (truth, predicted) => counts.get(truth + '-' + predicted) || 0;
  const show = (truth, predicted) => {
    const number = count(truth, predicted);
    const title = make('h3', {}, grouped(number) + ' of ' + grouped(data.totals[truth]) + ' of class ', named(data.classes[truth]), truth === predicted ? ' recognised' : ' taken for ');
    if (truth !== predicted) title.append(named(data.classes[predicted]));
    behind.replaceChildren(title);
    matrix.querySelectorAll('.chosen').forEach((other) => other.classList.remove('chosen'));
    matrix.querySelectorAll('[data-row="' + truth + '"][data-column="' + predicted + '"], tr[data-truth="' + truth + '"][data-predicted="' + predicted + '"]').forEach((it) => it.classList.add('chosen'));
    if (!gallery) return;
    const tiles = gallery.pictures.map((_, tile) => tile).filter((tile) => gallery.pictures[tile].truth === truth && answerOf(gallery, tile, run)[0] === predicted);
    const right = truth === predicted;
    tiles.sort((a, b) => (answerOf(gallery, b, run)[1] - answerOf(gallery, a, run)[1]) * (right ? -1 : 1));
    const some = tiles.slice(0, 18);
    const all = some.length === number ? 'all of them' : 'the' + (some.length > 1 ? ' ' + some.length : '') + (right ? ' least' : ' most') + ' confident that the page holds';
    if (some.length) behind.append(make('p', { class: 'caption' }, all), make('div', { class: 'tiles named' + (gallery.wide ? ' long' : ''), style: '--tile: ' + gallery.sheet.width + 'px' }, ...some.map((_, at) => figureOf(gallery, tiles, at, run))));
  };
  // One cell is a stop of the tab key; arrow keys go from there to the next cell that holds pictures.
  const cells = [...matrix.querySelectorAll('.viz-cell')];
  const place = (cell) => [Number(cell.dataset.row), Number(cell.dataset.column)];
  const reach = (cell) => {
    cells.forEach((other) => other.setAttribute('tabindex', other === cell ? '0' : '-1'));
    return cell;
  };
  const next = (cell, down, across) => {
    const [row, column] = place(cell);
    const ahead = cells.filter((other) => {
      const [r, c] = place(other);
      return down ? c === column && Math.sign(r - row) === down : r === row && Math.sign(c - column) === across;
    });
    const distance = (other) => Math.abs(place(other)[0] - row) + Math.abs(place(other)[1] - column);
    return ahead.sort((one, other) => distance(one) - distance(other))[0];
  };
  const arrows = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  for (const cell of cells) {
    const [truth, predicted] = place(cell);
    cell.setAttribute('role', 'button');
    cell.setAttribute('aria-label', grouped(count(truth, predicted)) + ' of class ' + data.classes[truth] + ' given class ' + data.classes[predicted]);
    cell.addEventListener('click', () => show(truth, predicted, reach(cell)));
    cell.addEventListener('keydown', (event) => {
      if (event.key in arrows) next(cell, ...arrows[event.key])?.focus();
      else if (event.key === 'Enter' || event.key === ' ') show(truth, predicted);
      else return;
      event.preventDefault();
    });
    cell.addEventListener('focus', () => reach(cell));
  }
  if (cells.length) {
    reach(cells[0]);
    // What is inside an image cannot be reached.
    cells[0].closest('svg').setAttribute('role', 'group');
  }
  for (const row of matrix.querySelectorAll('tr[data-truth]')) {
    const [truth, predicted] = [Number(row.dataset.truth), Number(row.dataset.predicted)];
    const button = make('button', { type: 'button', class: 'plain', 'aria-label': 'show class ' + data.classes[truth] + ' taken for ' + data.classes[predicted] }, ...row.cells[0].childNodes);
    row.cells[0].replaceChildren(button);
    row.addEventListener('click', () => show(truth, predicted));
  }
  if (cells.length) {
    const most = Math.max(1, ...data.cells.filter(([truth, predicted]) => truth !== predicted).map((cell) => cell[2]));
    painted.push((absolute) => {
      for (const cell of cells) {
        const [truth, predicted] = place(cell);
        if (truth === predicted) continue;
        const value = absolute ? count(truth, predicted) / most : count(truth, predicted) / data.totals[truth] / data.deepest;
        const opacity = 0.15 + 0.85 * Math.sqrt(Math.min(1, value));
        cell.setAttribute('fill-opacity', opacity);
        const text = cell.nextElementSibling;
        if (text && text.classList.contains('viz-on')) {
          text.classList.toggle('viz-ink', opacity <= OPAQUE);
          text.setAttribute('fill', opacity <= OPAQUE ? '#000000' : '#ffffff');
        }
      }
    });
  }
  const squares = matrix.querySelector('.squares');
  if (squares) {
    const size = data.order.length;
    const reading = make('div', { class: 'reading', hidden: '' });
    const aim = make('div', { class: 'aim', hidden: '' });
    const told = make('div', { class: 'unseen', 'aria-live': 'polite' });
    const image = squares.querySelector('img');
    squares.append(reading, aim, told);
    // Row and column of the cell that is read.
    let spot = [0, 0];
    const classes = () => spot.map((at) => data.order[at]);
    const read = () => {
      const [truth, predicted] = classes();
      const [side, width] = [image.clientWidth / size, image.clientWidth];
      reading.replaceChildren(make('b', {}, grouped(count(truth, predicted))), ' of ' + grouped(data.totals[truth]) + ' ', named(data.classes[truth]), ' → ', named(data.classes[predicted]));
      reading.hidden = aim.hidden = false;
      reading.style.left = Math.max(0, Math.min((spot[1] + 1) * side + 12, width - reading.offsetWidth)) + 'px';
      // Above the cell in the lower half, so that nothing leaves the picture.
      reading.style.top = (spot[0] < size / 2 ? (spot[0] + 1) * side + 12 : spot[0] * side - 12 - reading.offsetHeight) + 'px';
      aim.style.cssText = 'left:' + (spot[1] * side - 2) + 'px;top:' + (spot[0] * side - 2) + 'px;width:' + (side + 5) + 'px;height:' + (side + 5) + 'px';
    };
    const unread = () => (reading.hidden = aim.hidden = true);
    const at = (event) => {
      const box = image.getBoundingClientRect();
      const within = (part) => Math.max(0, Math.min(size - 1, Math.floor(part * size)));
      spot = [within((event.clientY - box.top) / box.height), within((event.clientX - box.left) / box.width)];
    };
    image.addEventListener('pointermove', (event) => read(at(event)));
    image.addEventListener('pointerleave', unread);
    image.addEventListener('click', (event) => show(...classes(at(event))));
    squares.setAttribute('tabindex', '0');
    squares.setAttribute('role', 'group');
    squares.setAttribute('aria-label', 'confusion matrix of ' + size + ' classes. Arrow keys read cells, Enter shows their pictures.');
    squares.addEventListener('focus', read);
    squares.addEventListener('blur', unread);
    squares.addEventListener('keydown', (event) => {
      const way = arrows[event.key];
      if (way) {
        // With Shift ten cells at once.
        const far = event.shiftKey ? 10 : 1;
        spot = spot.map((now, axis) => Math.max(0, Math.min(size - 1, now + way[axis] * far)));
        read();
        told.textContent = reading.textContent;
      } else if (event.key === 'Enter' || event.key === ' ') show(...classes());
      else return;
      event.preventDefault();
    });
  }
  const worst = data.cells.filter(([truth, predicted]) => truth !== predicted).sort((a, b) => b[2] - a[2])[0];
  if (worst && document.querySelectorAll('.confusion').length === 1) show(worst[0], worst[1]);
}
if (painted.length) {
  const paint = (by) => painted.forEach((matrix) => matrix(by === 'count'));
  document.querySelector('#confusion > .tools').append(choice('colour by', [['share', 'share of the class'], ['count', 'number of pictures']], paint));
}
