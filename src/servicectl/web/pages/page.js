// What the pages of servicectl web do beyond HTML: they stay up to date, the list can be sorted and filtered, and the log
// scrolls. Every page can be read and every form can be sent without this script.

const byId = (id) => document.getElementById(id);

// Takes new markup over into the page

/// Returns the elements of a markup that the server rendered and escaped.
function elementsOf(markup) {
  const template = document.createElement('template');
  template.innerHTML = markup;
  return [...template.content.children];
}

/// Attributes that belong to the reader of the page, not to the server.
const ofReader = new Set(['open', 'hidden', 'disabled', 'aria-pressed']);

function takeAttributes(current, wanted) {
  for (const { name, value } of [...wanted.attributes])
    if (!ofReader.has(name) && current.getAttribute(name) !== value) current.setAttribute(name, value);
  for (const { name } of [...current.attributes])
    if (!ofReader.has(name) && !wanted.hasAttribute(name)) current.removeAttribute(name);
}

function fits(current, wanted) {
  return current.nodeType === wanted.nodeType && current.nodeName === wanted.nodeName &&
    (current.id || '') === (wanted.id || '');
}

/// Makes the children of an element like those of another. Elements that stay keep their focus, their scroll position
/// and whether they are open. Children with an id may be in another order than wanted.
function takeChildren(current, wanted) {
  const withId = new Map([...current.children].filter((child) => child.id).map((child) => [child.id, child]));
  const wantedIds = new Set([...wanted.children].map((child) => child.id).filter(Boolean));
  let position = current.firstChild;
  for (const child of [...wanted.childNodes]) {
    if (child.id && withId.has(child.id)) {
      takeOver(withId.get(child.id), child);
      continue;
    }
    while (position && position.id && wantedIds.has(position.id)) position = position.nextSibling;
    if (position && !child.id && fits(position, child)) {
      takeOver(position, child);
      position = position.nextSibling;
    } else {
      current.insertBefore(child, position);
    }
  }
  while (position) {
    const next = position.nextSibling;
    if (!(position.id && wantedIds.has(position.id))) position.remove();
    position = next;
  }
  for (const [id, child] of withId)
    if (!wantedIds.has(id)) child.remove();
}

function takeOver(current, wanted) {
  if (current.nodeType !== Node.ELEMENT_NODE) {
    if (current.nodeValue !== wanted.nodeValue) current.nodeValue = wanted.nodeValue;
    return;
  }
  if (current.isEqualNode(wanted)) return;
  takeAttributes(current, wanted);
  takeChildren(current, wanted);
}

// Changes that a screen reader says

let announcements = [];

/// Says a few sentences. More than that would only be noise.
function announce(sentence) {
  if (!sentence) return;
  announcements.push(sentence);
  if (announcements.length > 1) return;
  setTimeout(() => {
    const most = 3;
    const more = announcements.length - most;
    byId('announcer').textContent = announcements.slice(0, most).join('. ') + (more > 0 ? `. ${more} more changes` : '');
    announcements = [];
  }, 500);
}

function sentencesIn(element) {
  const speakers = [element, ...element.querySelectorAll('[data-announce]')].filter((one) => one.dataset.announce);
  return new Map(speakers.map((one) => [one.id, one.dataset.announce]));
}

/// The last markup of each element, so that one that did not change is not parsed again.
const lastMarkup = new Map();

function applyFragments(fragments) {
  for (const [id, markup] of Object.entries(fragments)) {
    const current = byId(id);
    if (lastMarkup.get(id) === markup) continue;
    const [wanted] = elementsOf(markup);
    if (!current || !wanted) {
      if (wanted) addRun(wanted);
      continue;
    }
    const before = sentencesIn(current);
    const hadNothing = current.hidden !== wanted.hidden;
    takeOver(current, wanted);
    if (hadNothing) current.hidden = wanted.hidden;
    lastMarkup.set(id, markup);
    for (const [speaker, sentence] of sentencesIn(current))
      if (before.get(speaker) !== sentence) announce(sentence);
    if (current.dataset.title) document.title = current.dataset.title;
  }
}

/// A run that was requested after the page was loaded appears in the list with the next update of that. Until then there
/// is no element for it.
function addRun(run) {
  const list = byId('runs-list');
  if (list && run.id.startsWith('run-row-')) list.prepend(run);
}

// The connection

const connection = byId('connection');

function showConnection(state, text) {
  connection.hidden = false;
  if (connection.dataset.state === state) return;
  connection.dataset.state = state;
  connection.textContent = text;
  if (state !== 'live') announce(text);
}

/// Calls the function with the object of each event, and ignores what is not JSON.
function listen(source, name, take) {
  source.addEventListener(name, (event) => {
    let update;
    try {
      update = JSON.parse(event.data);
    } catch {
      return;
    }
    take(update);
  });
}

function connect(path) {
  const source = new EventSource(path);
  source.addEventListener('open', () => showConnection('live', 'Live'));
  source.addEventListener('error', () => {
    showConnection('lost', 'Connection lost, trying again');
    // The browser tries again by itself unless the server has refused.
    if (source.readyState === EventSource.CLOSED) afterRefusal(path);
  });
  listen(source, 'list', (update) => {
    applyFragments(update.fragments);
    list?.show();
  });
  listen(source, 'service', (update) => {
    applyFragments(update.fragments);
    takeOffers(update.offers);
  });
  listen(source, 'run', (update) => applyFragments(update.fragments));
  listen(source, 'log', (update) => log?.take(update));
}

/// Finds out why the server sends no more updates. What is on the page stays there.
async function afterRefusal(path) {
  const answer = await fetch(path, { method: 'HEAD', cache: 'no-store' }).catch(() => null);
  if (answer?.status === 401 || answer?.status === 403) showConnection('over', 'The session is over: load the page again');
  else if (answer?.status === 404) showConnection('over', 'Not listed any more');
  else setTimeout(() => connect(path), 3000);
}

// Parts with forms

let lastOffers = byId('actions')?.dataset.offers;

/// Loads the page again if the service offers something else than before. Nothing that the user may be filling in is
/// replaced.
async function takeOffers(offers) {
  if (offers === undefined || offers === lastOffers) return;
  lastOffers = offers;
  const answer = await fetch(location.pathname, { cache: 'no-store' }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const id of ['actions', 'events', 'settings']) {
    const current = byId(id);
    const wanted = fresh.getElementById(id);
    const isInUse = current?.contains(document.activeElement) || current?.querySelector('details[open]');
    if (current && wanted && !isInUse) current.replaceWith(document.adoptNode(wanted));
  }
}

// The list

class List {
  constructor(rows) {
    this.rows = rows;
    this.headers = [...document.querySelectorAll('th[data-sort]')];
    this.filterBox = byId('filter-text');
    this.state = { column: 0, descending: false, text: '', condition: 'all', ...this.remembered() };

    byId('filter').hidden = false;
    this.filterBox.value = this.state.text;
    this.filterBox.addEventListener('input', () => this.change({ text: this.filterBox.value }));
    this.headers.forEach((header, column) => this.makeSortable(header, column));
    byId('counts').addEventListener('click', (event) => {
      const condition = event.target.closest('button')?.dataset.filter;
      if (condition) this.change({ condition: condition === this.state.condition ? 'all' : condition });
    });
    this.show();
  }

  remembered() {
    try {
      return JSON.parse(sessionStorage.getItem('list') ?? '{}');
    } catch {
      return {};
    }
  }

  change(changes) {
    Object.assign(this.state, changes);
    try {
      sessionStorage.setItem('list', JSON.stringify(this.state));
    } catch {
      // Only the next page does not know the order.
    }
    this.show();
  }

  makeSortable(header, column) {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener('click', () => {
      const isCurrent = this.state.column === column;
      // Of numbers the largest are wanted first.
      const descending = isCurrent ? !this.state.descending : header.dataset.sort === 'number';
      this.change({ column, descending });
    });
  }

  /// Without script the counts are buttons that cannot be pressed.
  showCondition() {
    for (const button of document.querySelectorAll('button[data-filter]')) {
      button.disabled = false;
      button.setAttribute('aria-pressed', String(button.dataset.filter === this.state.condition));
    }
  }

  show() {
    this.showCondition();
    this.sort();
    this.filter();
  }

  sort() {
    const { column, descending } = this.state;
    this.headers.forEach((header, index) => {
      if (index === column) header.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      else header.removeAttribute('aria-sort');
    });
    const isNumber = this.headers[column]?.dataset.sort === 'number';
    const valueOf = (row) => row.children[column]?.dataset.value ?? '';
    const inOrder = (a, b) => {
      const [first, second] = [valueOf(a), valueOf(b)];
      // What is unknown is last in both orders.
      if ((first === '') !== (second === '')) return first === '' ? 1 : -1;
      const order = isNumber ? Number(first) - Number(second) : first.localeCompare(second);
      return (descending ? -order : order) || a.id.localeCompare(b.id);
    };
    const focused = document.activeElement;
    const sorted = [...this.rows.children].sort(inOrder);
    sorted.forEach((row, index) => {
      if (this.rows.children[index] !== row) this.rows.insertBefore(row, this.rows.children[index] ?? null);
    });
    if (document.activeElement !== focused && this.rows.contains(focused)) focused.focus({ preventScroll: true });
  }

  filter() {
    const words = this.state.text.toLowerCase().split(/\s+/).filter(Boolean);
    const { condition } = this.state;
    for (const row of this.rows.children) {
      const text = row.textContent.toLowerCase();
      const isShown = (condition === 'all' || row.dataset.condition === condition) &&
        words.every((word) => text.includes(word));
      if (row.hidden === isShown) row.hidden = !isShown;
    }
  }
}

// The log

class Log {
  static most = 500;

  constructor(lines) {
    this.lines = lines;
    this.waiting = [];
    this.replaceLater = false;
    this.button = byId('log-pause');
    this.filterBox = byId('log-filter');

    byId('log-controls').hidden = false;
    this.button.addEventListener('click', () => this.pause(!this.isPaused));
    this.filterBox.addEventListener('input', () => this.filter(this.lines.children));
    this.scrollToEnd();
  }

  get isPaused() {
    return this.button.getAttribute('aria-pressed') === 'true';
  }

  /// The user has scrolled up to read if the last line is not in view.
  get isAtEnd() {
    return this.lines.scrollHeight - this.lines.scrollTop - this.lines.clientHeight < 24;
  }

  scrollToEnd() {
    this.lines.scrollTop = this.lines.scrollHeight;
  }

  take(update) {
    const added = elementsOf(update.lines);
    if (this.isPaused) {
      if (update.replace) this.waiting = [];
      this.replaceLater ||= update.replace;
      this.waiting = [...this.waiting, ...added].slice(-Log.most);
      this.showWaiting();
    } else {
      this.add(added, update.replace);
    }
  }

  add(added, replace) {
    const wasAtEnd = this.isAtEnd;
    this.filter(added);
    if (replace) this.lines.replaceChildren(...added);
    else this.lines.append(...added);
    const surplus = this.lines.children.length - Log.most;
    // Lines that leave at the top would move those that are being read.
    const before = this.lines.scrollHeight;
    for (let i = 0; i < surplus; ++i) this.lines.firstElementChild.remove();
    if (wasAtEnd) this.scrollToEnd();
    else if (surplus > 0) this.lines.scrollTop -= before - this.lines.scrollHeight;
  }

  pause(isPaused) {
    this.button.setAttribute('aria-pressed', String(isPaused));
    if (!isPaused) {
      this.add(this.waiting, this.replaceLater);
      this.waiting = [];
      this.replaceLater = false;
      this.scrollToEnd();
    }
    this.showWaiting();
  }

  showWaiting() {
    const count = this.waiting.length;
    this.button.textContent = !this.isPaused ? 'Pause' : count > 0 ? `Resume (${count} new)` : 'Resume';
  }

  filter(lines) {
    const wanted = this.filterBox.value.toLowerCase();
    for (const line of lines) line.hidden = wanted !== '' && !line.textContent.toLowerCase().includes(wanted);
  }
}

// Questions before a grave action

function closeOthers(event) {
  for (const question of document.querySelectorAll('details.confirm[open]'))
    if (!question.contains(event.target)) question.open = false;
}

function closeByEscape(event) {
  const question = event.key === 'Escape' ? document.querySelector('details.confirm[open]') : null;
  if (!question) return;
  question.open = false;
  question.querySelector('summary').focus();
}

/// Opens the element that the address names, so that a link to an event shows its form.
function openTarget() {
  const target = byId(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

const list = byId('services') ? new List(byId('services')) : null;
const log = byId('log-lines') ? new Log(byId('log-lines')) : null;
document.addEventListener('click', closeOthers);
document.addEventListener('keydown', closeByEscape);
addEventListener('hashchange', openTarget);
openTarget();
if (document.body.dataset.live) connect(document.body.dataset.live);
