/**
 * The simulated wallet: who is signed in, which screen stands in the phone, and the story beside it. It holds no money
 * and no rule; the session is a cookie it cannot read.
 */

import { askDoor } from "/static/cashier/js/doors.js";
import { Speech } from "/static/cashier/js/speech.js";
import { en } from "../locales/en.js";
import { zhHans } from "../locales/zh-hans.js";
import { zhHant } from "../locales/zh-hant.js";
import { Allowed } from "./allowed.js";
import { History } from "./history.js";
import { Home } from "./home.js";
import { SignIn } from "./signin.js";
import { Story } from "./story.js";
import { WebView } from "./webview.js";

const REFRESH_AFTER_MS = 150;

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

class Wallet {
  constructor() {
    this.speech = new Speech({ en, "zh-Hant": zhHant, "zh-Hans": zhHans });
    this.phone = byId("phone");
    this.problem = byId("problem");
    this.payers = [...document.querySelectorAll("#payers > li")].map((item) => {
      const { id = "", name = "" } = /** @type {HTMLElement} */ (item).dataset;
      return { id, name, about: item.textContent ?? "" };
    });
    /** @type {import("./signin.js").Payer | null} */
    this.payer = null;
    /** @type {{resultCode: string, memo: string} | null} */
    this.last = null;
    /** @type {WebView | null} */
    this.view = null;
    /** @type {SignIn | null} */
    this.signIn = null;
    /** @type {History | Allowed | null} A list of the payer's own that stands in the phone. */
    this.list = null;
    /** @type {Home | null} The home screen, while it stands in the phone. */
    this.home = null;
    this.unseen = 0;
    this.refreshTimer = 0;
    this.story = new Story(this.speech, byId("story"), { onStep: (step, live) => this.stepTold(step, live) });
  }

  async start() {
    this.speech.fillMenu(/** @type {HTMLSelectElement} */ (byId("language")), "page.language");
    this.speech.onChange(() => this.dress());
    for (const button of document.querySelectorAll("#tabs button")) {
      button.addEventListener("click", () => this.showTab(/** @type {HTMLElement} */ (button).dataset.tab ?? "phone"));
    }
    this.dress();
    this.story.listen();
    const { status, body } = await askDoor("/wallet/me").catch(() => ({ status: 0, body: null }));
    if (status === 200) this.signedIn(body);
    else this.showSignIn();
  }

  /** Every word that stands now, in the present language. */
  dress() {
    document.title = this.speech.say("page.title");
    for (const place of document.querySelectorAll("[data-say]")) {
      place.textContent = this.speech.say(/** @type {keyof typeof en} */ (/** @type {HTMLElement} */ (place).dataset.say));
    }
    this.story.dress();
    this.signIn?.translate();
    this.view?.show();
    this.view?.showBalance(this.payer?.balance ?? null);
    if (this.list) this.list.draw();
    else if (this.payer && !this.view) this.showHome();
  }

  showSignIn() {
    this.payer = null;
    this.list = null;
    this.last = null;
    this.signIn = new SignIn(this.speech, this.payers, {
      onSignedIn: (payer) => this.signedIn(payer),
      announce: (text) => this.announce(text),
      problem: this.problem,
    });
    this.screen(this.signIn.element);
  }

  /** @param {import("./signin.js").Payer} payer */
  signedIn(payer) {
    this.payer = payer;
    this.signIn = null;
    this.openPage(document.body.dataset.shop ?? "/shop");
  }

  showHome() {
    const payer = this.payer;
    if (!payer) return this.showSignIn();
    const before = this.list instanceof History ? "history" : this.list && "allowed";
    this.list = null;
    const home = new Home(this.speech, payer, {
      last: this.last,
      onShop: () => this.openPage(document.body.dataset.shop ?? "/shop"),
      onSeed: () => this.openPage(document.body.dataset.seed ?? "/shop/seed"),
      onHistory: () => this.showList(History),
      onAllowed: () => this.showList(Allowed),
      onSignOut: () => this.signOut(),
    });
    this.screen(home.element);
    this.home = home;
    // Who comes back from a list stands where they left.
    if (before) /** @type {HTMLElement | null} */ (this.phone.querySelector(`[data-own=${before}]`))?.focus();
  }

  showNews() {
    if (this.payer) this.home?.show(this.payer, this.last);
  }

  /** @param {typeof History | typeof Allowed} Kind */
  showList(Kind) {
    const wallet = { onBack: () => this.showHome(), onSignedOut: () => this.showSignIn(), announce: (/** @type {string} */ text) => this.announce(text) };
    this.list = new Kind(this.speech, wallet);
    this.screen(this.list.element);
  }

  /** @param {string} url */
  openPage(url) {
    const payerId = this.payer?.id;
    const view = new WebView(this.speech, {
      onClosed: () => {
        this.view = null;
        this.showHome();
      },
      onPaid: (result) => {
        if (this.payer?.id !== payerId) return; // Signed out since: it is nobody's news who may come next.
        this.last = result;
        this.refreshSoon();
        this.showNews();
      },
      onSignedOut: () => {
        this.payer = null; // Whatever stands now makes way for the sign-in at once; a view closes unseen behind it.
        if (this.view) this.view.close();
        else this.showSignIn();
      },
      announce: (text) => this.announce(text),
    });
    this.view = view;
    this.screen(view.element);
    view.showBalance(this.payer?.balance ?? null);
    view.push(url);
  }

  async signOut() {
    await askDoor("/wallet/session", { method: "DELETE" }).catch(() => null);
    this.showSignIn();
  }

  /** A view that is closing stays, hidden, until its page has heard the result. @param {HTMLElement} element */
  screen(element) {
    this.home = null;
    this.problem.textContent = "";
    document.body.append(this.problem);
    for (const child of [...this.phone.children]) if (!child.classList.contains("view") || !(/** @type {HTMLElement} */ (child).hidden)) child.remove();
    this.phone.append(element);
    /** @type {HTMLElement | null} */ (element.querySelector("h2[tabindex]"))?.focus({ preventScroll: true });
  }

  refreshSoon() {
    window.clearTimeout(this.refreshTimer);
    this.refreshTimer = window.setTimeout(async () => {
      if (!this.payer) return; // Somebody may be typing a PIN: the sign-in stays as it is.
      const { status, body } = await askDoor("/wallet/me").catch(() => ({ status: 0, body: null }));
      if (status === 401) this.payer = null;
      if (status === 401 && !this.view) return this.showSignIn();
      if (status !== 200 || !this.payer) return;
      this.payer = /** @type {import("./signin.js").Payer} */ (body);
      this.view?.showBalance(this.payer.balance);
      this.showNews();
    }, REFRESH_AFTER_MS);
  }

  /* ---- the story's tab ---- */

  /** @param {import("./story.js").Step} step @param {boolean} live */
  stepTold(step, live) {
    if (step.kind === "ledger_entry") this.refreshSoon();
    if (live && document.body.dataset.tab === "phone") this.countUnseen(this.unseen + 1);
  }

  /** @param {number} unseen */
  countUnseen(unseen) {
    this.unseen = unseen;
    byId("tab-count").hidden = unseen === 0;
    byId("tab-count").textContent = unseen > 99 ? "99+" : String(unseen);
  }

  /** @param {string} tab */
  showTab(tab) {
    document.body.dataset.tab = tab;
    for (const button of document.querySelectorAll("#tabs button")) {
      button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.tab === tab));
    }
    if (tab === "story") this.countUnseen(0);
  }

  /** @param {string} text */
  announce(text) {
    byId("status").textContent = text;
  }
}

await new Wallet().start();
