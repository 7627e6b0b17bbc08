// Lets the conversation below a post grow while it is read. Without it the page shows the same when it is loaded again.
const section = document.querySelector("#comments[data-events]");
const heading = document.querySelector("#comments-title");
const isMember = "member" in section.dataset;
const notice = document.createElement("p");
notice.className = "live";
notice.setAttribute("role", "status");
section.append(notice);

const parsed = html => new DOMParser().parseFromString(html, "text/html");
const comment = id => document.getElementById(id);
const listIn = place => place.querySelector(":scope > .thread");
const news = new Set();

function count(number) {
  heading.textContent = heading.textContent.replace(/\d+/, number);
}

// Tells of what came since the reader last looked, and leads to the last of it.
function tell() {
  if (!news.size) return notice.replaceChildren();
  const link = document.createElement("a");
  link.href = "#" + [...news].pop();
  link.textContent = news.size === 1 ? "1 new comment" : news.size + " new comments";
  link.onclick = () => { news.clear(); notice.replaceChildren(); };
  notice.replaceChildren(link);
}

function say(id) {
  news.add(id);
  tell();
}

// What somebody is at, such as a link that has the focus, is changed when they leave it.
function whenLeft(element, change) {
  if (element.contains(document.activeElement)) element.addEventListener("focusout", () => setTimeout(() => whenLeft(element, change)), { once: true });
  else change();
}

// Puts an item after `before`, or at the end, of the list in `place`: the item of a comment or the section.
function insert(place, item, before) {
  let list = listIn(place);
  if (!list) {
    list = document.createElement("ol");
    list.className = "thread";
    section.querySelector(":scope > .empty")?.remove();
    place.firstElementChild.after(list);
  }
  if (before === undefined) list.append(item);
  else if (before === null) list.prepend(item);
  else before.after(item);
}

function replace(old, fresh) {
  if (old.outerHTML !== fresh.outerHTML) whenLeft(old, () => old.replaceWith(fresh));
}

function remove(old) {
  if (news.delete(old.id)) tell();
  const item = old.parentElement;
  whenLeft(item, () => {
    const list = item.parentElement;
    item.remove();
    if (!list.children.length) list.remove();
  });
}

// The page as it is now, for this reader; what is being written stays as it is.
async function refresh() {
  const answer = await fetch(location.href, { cache: "no-cache" }).catch(() => null);
  const now = answer?.ok && parsed(await answer.text()).querySelector("#comments");
  if (!now) return;
  for (const fresh of now.querySelectorAll(".comment")) {
    const old = comment(fresh.id);
    if (old) {
      replace(old, fresh.cloneNode(true));
      continue;
    }
    const item = fresh.parentElement;
    const above = item.parentElement.parentElement;
    const before = item.previousElementSibling?.firstElementChild.id;
    const copy = document.createElement("li");
    copy.append(fresh.cloneNode(true));
    insert(above === now ? section : comment(above.firstElementChild.id).parentElement, copy, before ? comment(before).parentElement : null);
    say(fresh.id);
  }
  for (const old of section.querySelectorAll(".comment")) if (!now.querySelector("#" + old.id)) remove(old);
  count(now.querySelector("h2").textContent.match(/\d+/)[0]);
  if (!("last" in now.dataset)) delete section.dataset.last;
}

let planned;
function refreshSoon() {
  planned ??= setTimeout(() => { planned = undefined; refresh(); }, 300 + Math.random() * 700);
}

function apply({ action, id, parent_id, markup, count: number }) {
  const name = "comment-" + id;
  const old = comment(name);
  const parent = parent_id && comment("comment-" + parent_id)?.parentElement;
  // A member may do something with a comment, and deep replies stand in one row: the server knows how.
  if (markup && (isMember || parent?.matches("ol ol ol ol > li"))) return refreshSoon();
  count(number);
  if (action === "removed" && news.delete(name)) tell();
  if (!markup) return old && remove(old);
  const item = parsed(markup).querySelector("li");
  if (old) return replace(old, item.firstElementChild);
  const place = parent_id ? parent : "last" in section.dataset && section;
  if (action !== "created" || !place) return;
  insert(place, item);
  say(name);
}

// A browser has six connections to a host over HTTP/1.1, and a stream takes one of them for as long as it is open. So
// hidden pages have none, and of the visible ones those that were used last. Each page tells the others when it begins.
const STREAMS = 3;
const page = Math.random();
const others = self.BroadcastChannel && new BroadcastChannel("pamphlet-events");
const later = new Set();
let source;
let begun = 0;

function listen() {
  begun = Date.now();
  later.clear();
  others?.postMessage({ page, begun });
  source = new EventSource(section.dataset.events);
  source.addEventListener("comment", event => apply(JSON.parse(event.data)));
  source.addEventListener("reset", refreshSoon);
  source.addEventListener("state", event => {
    const { count: number, newest } = JSON.parse(event.data);
    const isMissing = newest && "last" in section.dataset && !comment("comment-" + newest);
    if (isMissing || !heading.textContent.includes("(" + number + ")")) refreshSoon();
  });
}

function rest() {
  source?.close();
  source = null;
}

function wake() {
  if (document.hidden || source && source.readyState !== EventSource.CLOSED) return;
  listen();
  refresh();
}

if (others) others.onmessage = ({ data }) => {
  if (!data.begun) {
    later.delete(data.page);
    wake();
  } else if (data.begun > begun || data.begun === begun && data.page > page) {
    later.add(data.page);
    if (later.size >= STREAMS) rest();
  }
};
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return wake();
  rest();
  others?.postMessage({ page });
});
addEventListener("focus", wake);
if (!document.hidden) listen();
