// Tables are sorted by a click on a column's head; details are opened for printing as the reader left them.
for (const table of document.querySelectorAll('table.sortable')) {
  const heads = [...table.tHead.rows[0].cells];
  const value = (row, column) => {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent.trim().replaceAll(',', '');
    const number = parseFloat(text);
    return text === '' || text === '–' ? null : Number.isNaN(number) || (column === 0 && !/^[\d.]+$/.test(text)) ? text : number;
  };
  heads.forEach((head, column) => {
    if (head.classList.contains('unsorted')) return;
    const button = make('button', { type: 'button', class: 'sort' }, ...head.childNodes);
    head.replaceChildren(button);
    button.addEventListener('click', () => {
      const down = head.getAttribute('aria-sort') === 'ascending';
      heads.forEach((other) => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const rows = [...table.tBodies[0].rows];
      rows.sort((one, other) => {
        const [a, b] = [value(one, column), value(other, column)];
        // What is not known stands last either way.
        if (a === null || b === null) return (a === null) - (b === null);
        const order = typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
        return down ? -order : order;
      });
      table.tBodies[0].append(...rows);
    });
  });
}
// Differences of the errors to those of the run that a reader takes for the baseline.
for (const table of document.querySelectorAll('table.results')) {
  const rows = [...table.tBodies[0].rows];
  const number = (row, key) => (row.dataset[key] === '' ? null : Number(row.dataset[key]));
  const against = (base) => {
    for (const row of rows) {
      const cell = row.querySelector('.against');
      const same = row.dataset.set !== '' && row.dataset.set === base.dataset.set;
      const [one, other] = [number(row, 'error'), number(base, 'error')];
      if (row === base) cell.textContent = 'baseline';
      else if (!same || one === null || other === null) cell.textContent = '–';
      else {
        const overlap = number(row, 'low') <= number(base, 'high') && number(base, 'low') <= number(row, 'high');
        cell.textContent = (one < other ? '' : '+') + ((one - other) * 100).toFixed(2) + ' points' + (overlap ? ' ~' : '');
      }
    }
  };
  const options = rows.map((row, place) => [place, row.cells[0].textContent]);
  const select = choice('baseline', options, (place) => against(rows[place]));
  table.closest('.scroll').before(make('div', { class: 'tools' }, select));
}
