// Galleries of test pictures: filtered, sorted, paged, and enlarged with what the network saw.
// Names longer than this need wider tiles.
const SHORT = 5;
const galleries = [...document.querySelectorAll('.gallery')].map((place) => {
  const data = saved(place);
  data.place = place;
  return data;
});
const PAGE = 24;
const tileOf = (gallery, tile, side) => {
  const { sheet } = gallery;
  const [width, height] = side ? [side, Math.round(side * sheet.height / sheet.width)] : [sheet.width, sheet.height];
  const picture = make('i', { class: 'sprite ' + sheet.id, role: 'img', 'aria-label': 'test picture ' + gallery.pictures[tile].picture });
  picture.style.cssText = 'width:' + width + 'px;height:' + height + 'px;background-size:' + sheet.columns * width + 'px ' + sheet.rows * height + 'px;background-position:' + -(tile % sheet.columns) * width + 'px ' + -Math.floor(tile / sheet.columns) * height + 'px';
  return picture;
};
const answerOf = (gallery, tile, run) => gallery.pictures[tile].answers[run][0];
const isWrong = (gallery, tile, run) => answerOf(gallery, tile, run)[0] !== gallery.pictures[tile].truth;
const margin = (answer) => answer[0][1] - (answer[1] ? answer[1][1] : 0);

const dialog = make('dialog', { class: 'enlarged', 'aria-label': 'test picture' });
document.body.append(dialog);
let open;
const enlarge = (gallery, tiles, at, run) => {
  open = { gallery, tiles, at, run };
  const tile = tiles[at];
  const shown = gallery.pictures[tile];
  const side = Math.min(320, innerWidth - 80);
  const frame = make('div', { class: 'frame' }, tileOf(gallery, tile, side));
  const looked = gallery.looked[run] && gallery.looked[run][tile];
  const buttons = make('div', { class: 'tools' });
  const step = (text, label, by) => {
    const button = make('button', { type: 'button', 'aria-label': label }, text);
    button.disabled = !(at + by in tiles);
    button.addEventListener('click', () => enlarge(gallery, tiles, at + by, run));
    return button;
  };
  buttons.append(step('←', 'previous picture', -1), step('→', 'next picture', 1));
  if (looked) {
    const canvas = make('canvas', { width: looked.columns, height: looked.rows, class: 'looked', hidden: '' });
    const pixels = canvas.getContext('2d').createImageData(looked.columns, looked.rows);
    [...atob(looked.bytes)].forEach((byte, place) => pixels.data.set([230, 159, 0, byte.charCodeAt(0) * 0.75], place * 4));
    canvas.getContext('2d').putImageData(pixels, 0, 0);
    frame.append(canvas);
    const button = make('button', { type: 'button', class: 'cam', 'aria-pressed': false }, 'where it looked');
    const toggle = () => {
      canvas.hidden = !canvas.hidden;
      button.setAttribute('aria-pressed', !canvas.hidden);
      open.cam = !canvas.hidden;
    };
    button.addEventListener('click', toggle);
    if (enlarge.cam) toggle();
    button.addEventListener('click', () => (enlarge.cam = !canvas.hidden));
    buttons.append(button);
  }
  const close = make('button', { type: 'button', class: 'close' }, 'close');
  close.addEventListener('click', () => dialog.close());
  buttons.append(close);
  const words = make('div', { class: 'words' }, make('h3', {}, 'Test picture ' + shown.picture), make('p', {}, 'true class: ', named(gallery.classes[shown.truth])));
  shown.answers.forEach((answer, number) => {
    const several = gallery.runs.length > 1;
    const list = make('ul', { class: 'answers' });
    if (several) list.append(make('li', { class: 'run-name' }, named(gallery.runs[number])));
    // Of several runs the answers that would read 0.0 % are left out.
    for (const [label, probability] of answer.filter((it, place) => !several || !place || it[0] === shown.truth || it[1] >= 0.0005)) {
      const bar = make('span', { class: 'bar' + (label === shown.truth ? ' right' : '') });
      bar.style.width = Math.max(1, probability * 100) + '%';
      list.append(make('li', {}, make('span', { class: 'answer' }, named(gallery.classes[label]), label === shown.truth ? ' ✓' : '', make('span', { class: 'muted' }, ' ' + certainty(probability))), make('span', { class: 'track' }, bar)));
    }
    words.append(list);
  });
  dialog.replaceChildren(frame, words, buttons);
  words.classList.toggle('several', gallery.runs.length > 1);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
};
dialog.addEventListener('keydown', (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by || !open || !(open.at + by in open.tiles)) return;
  event.preventDefault();
  enlarge(open.gallery, open.tiles, open.at + by, open.run);
});
dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());

const figureOf = (gallery, tiles, at, run) => {
  const tile = tiles[at];
  const shown = gallery.pictures[tile];
  const [label, probability] = answerOf(gallery, tile, run);
  const taken = label === shown.truth ? '' : ' taken for ' + gallery.classes[label];
  const what = 'enlarge test picture ' + shown.picture + ': ' + gallery.classes[shown.truth] + taken + ', ' + certainty(probability);
  const button = make('button', { type: 'button', class: 'picture', 'aria-label': what, title: 'enlarge test picture ' + shown.picture }, tileOf(gallery, tile));
  button.addEventListener('click', () => enlarge(gallery, tiles, at, run));
  const caption = make('figcaption', {}, named(gallery.classes[shown.truth]));
  if (label !== shown.truth) caption.append(' → ', named(gallery.classes[label], 'wrong'));
  caption.append(make('br'), make('span', { class: 'muted' }, certainty(probability)));
  return make('figure', { class: 'tile captioned' }, button, caption);
};

for (const gallery of galleries) {
  const { place } = gallery;
  const several = gallery.runs.length > 1;
  const all = gallery.pictures.map((_, tile) => tile);
  const state = { show: several && all.some((tile) => gallery.runs.every((_, run) => isWrong(gallery, tile, run))) ? 'all' : 'wrong', run: 0, other: several ? 1 : 0, sort: 'confidence', label: '', page: 0 };
  const tools = place.querySelector('.tools');
  const tiles = place.querySelector('.tiles');
  gallery.wide = gallery.classes.some((name) => name.length > SHORT);
  tiles.classList.toggle('long', gallery.wide);
  const of = {
    wrong: (tile) => isWrong(gallery, tile, state.run),
    all: (tile) => gallery.runs.every((_, run) => isWrong(gallery, tile, run)),
    differ: (tile) => !isWrong(gallery, tile, state.run) && isWrong(gallery, tile, state.other),
    unsure: () => true,
  };
  const pager = make('span', { class: 'pager', 'aria-live': 'polite' });
  const turn = (text, label, by) => {
    const button = make('button', { type: 'button', 'aria-label': label }, text);
    button.addEventListener('click', () => {
      state.page += by;
      draw();
    });
    return button;
  };
  const [back, forth] = [turn('←', 'previous page of pictures', -1), turn('→', 'next page of pictures', 1)];
  const draw = () => {
    // Of answers that are the other run's mistakes, its answers are shown.
    const run = state.show === 'differ' ? state.other : state.run;
    const answers = (tile) => gallery.pictures[tile].answers[run];
    let found = all.filter((tile) => of[state.show](tile) && (state.label === '' || gallery.pictures[tile].truth === Number(state.label)));
    const by = {
      confidence: (a, b) => answers(b)[0][1] - answers(a)[0][1],
      class: (a, b) => gallery.pictures[a].truth - gallery.pictures[b].truth || by.confidence(a, b),
      pair: (a, b) => counts(b) - counts(a) || pair(a) - pair(b) || by.confidence(a, b),
      unsure: (a, b) => margin(answers(a)) - margin(answers(b)),
    };
    const pair = (tile) => gallery.pictures[tile].truth * gallery.classes.length + answers(tile)[0][0];
    const tally = new Map();
    found.forEach((tile) => tally.set(pair(tile), (tally.get(pair(tile)) || 0) + 1));
    const counts = (tile) => tally.get(pair(tile));
    found.sort(state.show === 'unsure' ? by.unsure : by[state.sort]);
    if (state.show === 'unsure') found = found.slice(0, 48);
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    state.page = Math.max(0, Math.min(state.page, pages - 1));
    const first = state.page * PAGE;
    const some = found.slice(first, first + PAGE);
    tiles.replaceChildren(...some.map((_, number) => figureOf(gallery, found, first + number, run)));
    if (!found.length) tiles.append(make('p', {}, 'No such picture.'));
    pager.textContent = found.length ? grouped(first + 1) + ' to ' + grouped(first + some.length) + ' of ' + grouped(found.length) : '0';
    back.disabled = state.page === 0;
    forth.disabled = state.page >= pages - 1;
  };
  const set = (key) => (value) => {
    state[key] = key === 'run' || key === 'other' ? Number(value) : value;
    state.page = 0;
    if (extra) extra.hidden = state.show !== 'differ';
    draw();
  };
  const kinds = several ? [['all', 'wrong in all runs'], ['wrong', 'mistakes of'], ['differ', 'right in'], ['unsure', 'least certain of']] : [['wrong', 'mistakes'], ['unsure', 'least certain']];
  const show = choice('show', kinds, set('show'));
  show.querySelector('select').value = state.show;
  tools.append(show);
  let extra;
  if (several) {
    const runs = gallery.runs.map((name, run) => [run, name]);
    extra = choice('and wrong in', runs, set('other'));
    extra.querySelector('select').value = state.other;
    extra.hidden = true;
    tools.append(choice('run', runs, set('run')), extra);
  }
  tools.append(choice('sort by', [['confidence', 'confidence'], ['class', 'class'], ['pair', 'pair']], set('sort')));
  tools.append(choice('class', [['', 'all'], ...gallery.classes.map((name, label) => [label, name])], set('label')));
  tools.append(make('span', { class: 'pages' }, back, pager, forth));
  draw();
}
