// The editor of a cell: CodeMirror, colored by the book's own classes for code, so that light and dark are the page's.

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState, Transaction } from "@codemirror/state";
import { drawSelection, EditorView, keymap } from "@codemirror/view";
import { tagHighlighter, tags } from "@lezer/highlight";

// Pygments' short names, which the page's style sheet has for the code that the book brings.
const likeTheBook = tagHighlighter([
  { tag: tags.comment, class: "c1" },
  { tag: [tags.keyword, tags.controlKeyword, tags.definitionKeyword, tags.self], class: "k" },
  { tag: [tags.bool, tags.null], class: "kc" },
  { tag: [tags.moduleKeyword], class: "kn" },
  { tag: [tags.operatorKeyword], class: "ow" },
  { tag: [tags.operator, tags.compareOperator, tags.arithmeticOperator, tags.updateOperator], class: "o" },
  { tag: [tags.number], class: "mi" },
  { tag: [tags.string, tags.special(tags.string)], class: "s2" },
  { tag: [tags.docString], class: "sd" },
  { tag: [tags.function(tags.definition(tags.variableName))], class: "nf" },
  { tag: [tags.definition(tags.className)], class: "nc" },
  { tag: [tags.meta], class: "nd" },
]);

/**
 * An editor in `parent`. Shift+Enter calls `run`, Escape `leave`, each change by hand `changed(text)`. Tab goes on in the
 * page, as everywhere; Enter indents as Python wants it.
 */
export function edit({ parent, text, label, run, leave, changed }) {
  const keys = [
    { key: "Shift-Enter", run: () => (run(), true) },
    { key: "Mod-Enter", run: () => (run(), true) },
    { key: "Escape", run: () => (leave(), true) },
  ];
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        keymap.of([...keys, ...defaultKeymap, ...historyKeymap]),
        history(),
        drawSelection(),
        python(),
        indentUnit.of("    "),
        indentOnInput(),
        bracketMatching(),
        syntaxHighlighting(likeTheBook),
        EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", autocapitalize: "off", autocorrect: "off", spellcheck: "false" }),
        EditorView.updateListener.of((update) => {
          const byHand = update.transactions.some((one) => one.docChanged && one.annotation(Transaction.userEvent) !== "set");
          if (byHand) changed(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    focus: () => view.focus(),
    text: () => view.state.doc.toString(),
    set: (other) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: other }, userEvent: "set" }),
  };
}
