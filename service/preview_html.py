"""The page of the preview. It asks no network for anything: its policy forbids it, and frames in it inherit that."""

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>{{head}}</title>
<style>
  * { box-sizing: border-box }
  body { margin: 0; font: 14px/1.4 system-ui, sans-serif; color: #1f2328; background: #f3f4f6;
    display: grid; grid-template: auto 1fr / minmax(320px, 34%) 1fr; height: 100vh }
  header { grid-column: 1 / 3; padding: 10px 16px; background: #fff; border-bottom: 1px solid #d0d7de;
    display: flex; flex-wrap: wrap; gap: 6px 16px; align-items: baseline }
  h1 { font-size: 15px; margin: 0; flex: 1 1 20em }
  nav { overflow: auto; padding: 8px; border-right: 1px solid #d0d7de; background: #fff }
  nav h2 { font-size: 12px; margin: 14px 8px 4px; color: #57606a }
  nav div, nav button { display: flex; gap: 10px; width: 100%; padding: 5px 8px; text-align: left }
  nav div { color: #57606a }
  nav time { flex: none; width: 3em; font-variant-numeric: tabular-nums }
  button { font: inherit; color: inherit; border: 1px solid #d0d7de; border-radius: 6px; background: #fff;
    padding: 3px 10px; cursor: pointer }
  nav button { border-color: #b6c9e6; background: #f0f6ff; margin: 3px 0; color: #0b3d91 }
  button[aria-pressed=true] { background: #0b57d0; border-color: #0b57d0; color: #fff }
  .postponed, .left { border-left: 3px solid #d4a72c }
  main { overflow: auto; padding: 16px; display: flex; flex-direction: column; gap: 10px }
  main p { margin: 0 }
  .tools { display: flex; flex-wrap: wrap; gap: 6px }
  .note { color: #57606a }
  iframe, pre { background: #fff; border: 1px solid #d0d7de; border-radius: 8px; margin: 0; max-width: 100% }
  iframe { flex: 1 0 420px }
  pre { padding: 14px; white-space: pre-wrap; overflow-wrap: anywhere; font: inherit }
  @media (max-width: 800px) {
    body { grid-template: auto auto 1fr / 1fr; height: auto } header { grid-column: 1 }
    nav { max-height: 45vh; border-right: 0 } iframe { height: 80vh }
  }
</style>
<header><h1>{{head}}</h1><label>Conversation <select id="which"></select></label></header>
<nav id="calendar" aria-label="Calendar"></nav>
<main>
  <div class="tools" id="channels"></div>
  <p><strong id="subject"></strong></p>
  <p class="note" id="note"></p>
  <div class="tools" id="tools"></div>
  <iframe id="mail" title="The message" sandbox="" hidden></iframe>
  <pre id="text" hidden></pre>
</main>
<script type="application/json" id="data">{{data}}</script>
<script>
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = id => document.getElementById(id);
  let width = "600px", plain = false, message = null, form = 0;
  function button(label, pressed, then) {
    const made = document.createElement("button");
    made.textContent = label;
    made.setAttribute("aria-pressed", pressed);
    made.onclick = then;
    return made;
  }
  function show() {
    const one = message && message.forms[form];
    at("channels").replaceChildren(...(message ? message.forms : []).map((each, place) =>
      button(each.channel + (each.planned ? " (sent)" : ""), place === form, () => { form = place; show(); })));
    at("subject").textContent = one ? one.subject : "";
    at("note").textContent = one ? one.note : "In this conversation nothing is said.";
    const html = one && one.html && !plain;
    at("mail").hidden = !html;
    at("text").hidden = !one || html;
    at("mail").style.width = at("text").style.width = one && one.html ? width : "380px";
    if (html) at("mail").srcdoc = one.html;
    if (one) at("text").textContent = one.text;
    at("tools").replaceChildren(...(one && one.html ? [
      button("600 px", width === "600px", () => { width = "600px"; show(); }),
      button("320 px", width === "320px", () => { width = "320px"; show(); }),
      button("Text part", plain, () => { plain = !plain; show(); })] : []));
  }
  function choose(which) {
    const chosen = data.conversations[which], lines = [];
    let day = "", first = null;
    for (const row of chosen.rows) {
      if (row.day !== day) {
        const head = document.createElement("h2");
        head.textContent = day = row.day;
        lines.push(head);
      }
      const line = document.createElement(row.message ? "button" : "div");
      line.className = row.what.split(" ")[0];
      const time = document.createElement("time"), said = document.createElement("span");
      time.textContent = row.time;
      said.textContent = row.said;
      line.append(time, said);
      if (row.message) {
        line.onclick = () => {
          for (const other of at("calendar").querySelectorAll("button")) other.setAttribute("aria-pressed", false);
          line.setAttribute("aria-pressed", true);
          message = row.message; form = 0; show();
        };
        first = first || line;
      }
      lines.push(line);
    }
    const zone = document.createElement("h2");
    zone.textContent = "All times in " + chosen.zone;
    at("calendar").replaceChildren(zone, ...lines);
    message = null;
    if (first) first.click(); else show();
  }
  data.conversations.forEach((each, place) =>
    at("which").add(new Option(each.title + " \\u00b7 " + each.language, place)));
  at("which").onchange = () => choose(at("which").value);
  choose(0);
</script>
</html>
"""
