// Asks before a page with text that is not saved is left. Without it the editor works the same.
const form = document.querySelector("form.editor");
let isSent = false;

const isChanged = field =>
  field.type === "checkbox" ? field.checked !== field.defaultChecked
  : field.type === "file" ? field.files.length > 0
  : field.options ? [...field.options].some(option => option.selected !== option.defaultSelected)
  : field.value !== field.defaultValue;

// The preview opens elsewhere and leaves nothing.
form.addEventListener("submit", event => { isSent = event.submitter?.formTarget !== "_blank"; });
addEventListener("pageshow", () => { isSent = false; });
addEventListener("beforeunload", event => {
  if (!isSent && ("unsaved" in form.dataset || [...form.elements].some(isChanged))) event.preventDefault();
});
