// The answer box on its own.
function render({ model, el }) {
  return mount(model, el, "answer-box", drawBox);
}

export default { render };
