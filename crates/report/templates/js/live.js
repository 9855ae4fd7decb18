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
  const renew = async () => {
    try {
      const answer = await fetch('/state.json?rows=' + known);
      if (!answer.ok) throw new Error(answer.statusText);
      const news = await answer.json();
      failures = 0;
      bar.max = news.last_iteration;
      bar.value = news.iteration;
      document.getElementById('headline-part').innerHTML = news.headline;
      const part = document.getElementById('curves-part');
      // A slider that is being moved is not taken away.
      if (news.curves !== null && !part.querySelector(':active')) {
        known = news.drawn;
        const focusable = () => [...part.querySelectorAll('button, input, svg[tabindex], summary')];
        const focus = focusable().indexOf(document.activeElement);
        const open = part.querySelector('details[open]') !== null;
        part.innerHTML = news.curves;
        document.dispatchEvent(new Event('redrawn'));
        if (open) part.querySelector('details').open = true;
        if (focus >= 0) focusable()[focus]?.focus();
      }
      interrupted = news.interrupted;
      if (news.ended) say(interrupted ? 'Training is being stopped.' : 'Training has ended; the report is being written.');
    } catch {
      failures += 1;
    }
    if (failures < 2) {
      setTimeout(renew, 1000);
    } else {
      document.querySelector('.kind').textContent = 'Training has ended';
      say(interrupted
        ? 'Training was interrupted. To continue: cargo xtask train --resume ' + ending.dataset.run
        : 'Training has ended; the report is at ' + ending.dataset.report + ' (a run that was stopped before its end has none yet).');
    }
  };
  setTimeout(renew, 1000);
})();
