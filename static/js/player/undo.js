// Ctrl+Z in the review room: takes back what the person did last there, and says what that was. A
// drawing that was not sent is taken back here; for the rest the server says what it was and where to
// send that. What others read or rest on is asked first.

const byId = (id) => document.getElementById(id);

export class Undo {
  /** address: where to ask what the person did last. scene: its number. shown: that of the take. */
  constructor({ address, scene, shown, notes, colour }) {
    Object.assign(this, { address, scene, shown: shown ?? "", notes, colour, busy: false });
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("textarea, select, dialog[open], input:not([type=range], [type=checkbox], [type=color])");
      if (typing || event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey) return;
      event.preventDefault();
      this.last();
    });
  }

  async last() {
    if (this.busy) return;
    this.busy = true;
    try {
      await this.#last();
    } catch {
      this.say("Nothing was taken back: the server did not answer. Try it again.", "error");
    } finally {
      this.busy = false;
    }
  }

  async #last() {
    await this.colour.sending; // a stroke on its way is one that was painted
    const answer = await fetch(this.address, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.statusText);
    const act = await answer.json();
    if (this.notes.drawnAgo < (act.ago ?? Infinity)) return this.say(this.notes.undoShape());
    if (!act.words) return this.say("There is nothing of yours to take back on this scene.");
    if (!act.done) return this.say(`You did last: ${act.words}. That cannot be taken back by a key.`);
    if (act.ask && !(await this.#sure(act.ask))) return this.say("Nothing was taken back.");
    if (!act.place) return this.#submit(act.address);
    const fault = await this.#send(act);
    this.say(fault || act.done, fault ? "error" : "success");
  }

  #sure(question) {
    const dialog = byId("undo-ask");
    byId("undo-ask-words").textContent = question;
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) =>
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
  }

  /** What went wrong, in words; empty if nothing did. */
  async #send({ address, place, values }) {
    let fault = "";
    const hear = () => (fault = "Nothing was taken back: the server did not take it. Load the page anew.");
    const kinds = ["htmx:responseError", "htmx:sendError"];
    for (const kind of kinds) document.body.addEventListener(kind, hear);
    const all = { scene: this.scene, shown: this.shown, ...values };
    if (place === "colour") await this.colour.send(address, all);
    else await window.htmx.ajax("POST", address, { values: all, target: `#${place}`, swap: "outerHTML" });
    for (const kind of kinds) document.body.removeEventListener(kind, hear);
    return fault || byId(place)?.querySelector(".message.error")?.textContent || "";
  }

  /** A decision changes the whole page: as its own button does. */
  #submit(address) {
    const form = Object.assign(document.createElement("form"), { method: "post", action: address, hidden: true });
    const values = {
      csrfmiddlewaretoken: JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"],
      queue: document.querySelector("input[name=queue]")?.value ?? "",
      version: document.querySelector("#decide input[name=version]")?.value ?? "",
    };
    for (const [name, value] of Object.entries(values)) {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
    document.body.append(form);
    form.submit();
  }

  /** In a place that stays when a section comes back, so that it is read out. */
  say(words, tone = "") {
    const said = Object.assign(document.createElement("p"), { className: `message ${tone}`, textContent: words });
    byId("messages").replaceChildren(said);
  }
}
