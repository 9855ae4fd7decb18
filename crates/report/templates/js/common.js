const make = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};
const drawn = (name, attributes = {}, text) => {
  // The page's own drawings say what the name space is.
  const element = document.createElementNS(document.querySelector('svg').namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
};
const saved = (element) => JSON.parse(element.querySelector(':scope > script[type="application/json"]').textContent);
const percentage = (share) => (share * 100).toFixed(2) + ' %';
const grouped = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ',');
const certainty = (share) => (share * 100 >= 99.95 ? '>99.9 %' : (share * 100).toFixed(1) + ' %');
// Names come from outside and may read from right to left.
const named = (name, style) => make('bdi', style ? { class: style } : {}, name);
// What is wider than its place can be scrolled with the keyboard, too.
const reachable = () => {
  for (const place of document.querySelectorAll('.scroll:not([role])')) {
    if (place.scrollWidth <= place.clientWidth + 1) continue;
    place.setAttribute('tabindex', '0');
    place.setAttribute('role', 'region');
    place.setAttribute('aria-label', place.querySelector('caption')?.textContent || 'wide table');
  }
};
addEventListener('resize', reachable);
document.addEventListener('redrawn', reachable);
document.addEventListener('toggle', reachable, true);
reachable();
const choice = (label, options, change) => {
  const select = make('select', { 'aria-label': label });
  for (const [value, text] of options) select.append(make('option', { value }, text));
  select.addEventListener('change', () => change(select.value));
  return make('label', {}, label + ' ', select);
};
