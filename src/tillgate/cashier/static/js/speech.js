/**
 * Which language a page speaks, and its words. English, 繁體中文, 简体中文: the person's own choice first, then what the
 * browser asks for. A dictionary is a flat object; the English one is the type of the others, so a missing sentence is
 * a type error. It does not know any page.
 */

/** @typedef {"en" | "zh-Hant" | "zh-Hans"} Language */

/** @type {readonly {id: Language, label: string, locale: string}[]} */
export const LANGUAGES = [
  { id: "en", label: "English", locale: "en" },
  { id: "zh-Hant", label: "繁體中文", locale: "zh-Hant-HK" },
  { id: "zh-Hans", label: "简体中文", locale: "zh-Hans-CN" },
];

const KEPT_AS = "tillgate.language";

/**
 * @param {readonly string[]} wanted Language tags, the dearest first.
 * @returns {Language}
 */
export function bestLanguage(wanted) {
  for (const tag of wanted.map((each) => each.toLowerCase())) {
    if (tag.startsWith("en")) return "en";
    if (tag.startsWith("zh")) return /hant|-hk|-tw|-mo/.test(tag) ? "zh-Hant" : "zh-Hans";
  }
  return "en";
}

/** @returns {Language | null} */
function keptLanguage() {
  try {
    const kept = localStorage.getItem(KEPT_AS);
    return LANGUAGES.find((each) => each.id === kept)?.id ?? null;
  } catch {
    return null; // Storage may be forbidden; then the choice lasts as long as the page.
  }
}

/** @template {Record<string, string>} Words */
export class Speech {
  /** @param {Record<Language, Words>} dictionaries */
  constructor(dictionaries) {
    this.dictionaries = dictionaries;
    /** @type {Language} */
    this.language = keptLanguage() ?? bestLanguage(navigator.languages ?? [navigator.language]);
    /** @type {(() => void)[]} */
    this.listeners = [];
    document.documentElement.lang = this.locale;
    addEventListener("storage", (event) => {
      if (event.key === KEPT_AS && event.newValue) this.choose(bestLanguage([event.newValue]));
    });
  }

  get locale() {
    return LANGUAGES.find((each) => each.id === this.language)?.locale ?? "en";
  }

  /**
   * @param {keyof Words & string} key
   * @param {Record<string, string | number>} [values] Put in the place of {name}.
   * @returns {string}
   */
  say(key, values = {}) {
    const sentence = /** @type {string} */ (this.dictionaries[this.language][key]);
    return sentence.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  }

  /** @param {Language} language */
  choose(language) {
    if (language === this.language) return;
    this.language = language;
    document.documentElement.lang = this.locale;
    try {
      localStorage.setItem(KEPT_AS, language);
    } catch {
      // See keptLanguage.
    }
    for (const listener of this.listeners) listener();
  }

  /** @param {() => void} listener Called after each change. */
  onChange(listener) {
    this.listeners.push(listener);
  }

  /**
   * Fills the language menu that stands in the page.
   * @param {HTMLSelectElement} menu
   * @param {keyof Words & string} labelKey
   */
  fillMenu(menu, labelKey) {
    for (const each of LANGUAGES) {
      const option = new Option(each.label, each.id);
      option.lang = each.locale;
      menu.append(option);
    }
    const show = () => {
      menu.value = this.language;
      menu.setAttribute("aria-label", this.say(labelKey));
    };
    menu.addEventListener("change", () => this.choose(bestLanguage([menu.value])));
    this.onChange(show);
    show();
  }
}
