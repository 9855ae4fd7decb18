// While training continues, the parts that change are asked for every second, and put in place of those shown.
(() => {
  const ending = document.getElementById('ending');
  const bar = document.getElementById('progress');
  let known = Number(ending.dataset.drawn);
  let interrupted = false;
  let failures = 0;
  const say = (text) => {
    ending.textContent = text;
    ending.hidden = false;
  };
  const shown = {};
  // Puts markup in its place where it is another than before; what a reader works with stays as it is.
  const put = (name, markup) => {
    const part = document.getElementById(name);
    if (markup === null || markup === undefined || markup === shown[name]) return;
    shown[name] = markup;
    const focusable = () => [...part.querySelectorAll('button, input, svg[tabindex], summary, .scroll')];
    const focus = focusable().indexOf(document.activeElement);
    const open = [...part.querySelectorAll('details')].map((it) => it.open);
    const across = [...part.querySelectorAll('.scroll')].map((it) => it.scrollLeft);
    part.innerHTML = markup;
    part.querySelectorAll('details').forEach((it, place) => (it.open = open[place] ?? it.open));
    if (name === 'curves-part') document.dispatchEvent(new Event('redrawn'));
    part.querySelectorAll('.scroll').forEach((it, place) => (it.scrollLeft = across[place] ?? 0));
    if (focus >= 0) focusable()[focus]?.focus();
  };
  // Only the address that was printed for it brings the token with it.
  const token = bar && (location.hash.match(/^#stop=([0-9a-f]{32})$/) || [])[1];
  const stop = make('button', { type: 'button', class: 'stop' }, 'Stop after this epoch');
  addEventListener('hashchange', () => location.reload());
  if (token) {
    bar.after(stop);
    stop.addEventListener('click', async () => {
      stop.disabled = true;
      const answer = await fetch('/stop', { method: 'POST', headers: { 'X-Minibatch-Token': token } }).catch(() => null);
      stop.disabled = Boolean(answer && answer.ok);
      if (!stop.disabled) say('Training cannot be stopped from here: this address is that of another run, or the run has ended.');
    });
  }
  const renew = async () => {
    try {
      const answer = await fetch('/state.json?rows=' + known);
      if (!answer.ok) throw new Error(answer.statusText);
      const news = await answer.json();
      failures = 0;
      if (bar) {
        bar.max = news.last_iteration;
        bar.value = news.iteration;
      }
      put('headline-part', news.headline);
      put('recipe-part', news.recipe);
      // A slider that is being moved is not taken away.
      if (news.curves !== null && !document.querySelector('#curves-part :active')) {
        known = news.drawn;
        put('curves-part', news.curves);
      }
      const runs = document.querySelector('[data-runs]');
      if (runs) document.querySelector('h1').textContent = runs.dataset.runs + (runs.dataset.runs === '1' ? ' run' : ' runs');
      interrupted = news.interrupted;
      if (news.stopping && !news.ended) {
        stop.hidden = true;
        say('Training ends after this epoch, and can be continued later.');
      }
      if (news.ended) say(interrupted ? 'Training is being stopped.' : 'Training has ended; the report is being written.');
    } catch {
      failures += 1;
    }
    if (failures < 2) {
      setTimeout(renew, 1000);
    } else {
      if (bar) document.querySelector('.kind').textContent = 'Training has ended';
      say(interrupted ? ending.dataset.interrupted : ending.dataset.gone);
    }
  };
  setTimeout(renew, 1000);
})();
