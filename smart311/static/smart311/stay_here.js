// ReDoc shows its maker's logo from another host, with no option to leave it out. An image from
// elsewhere gets no address here: nothing is asked for, and the content policy has nothing to say.
const isElsewhere = (address) => new URL(address, location).origin !== location.origin;

const source = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
Object.defineProperty(HTMLImageElement.prototype, "src", {
  ...source,
  set(address) {
    if (!isElsewhere(address)) source.set.call(this, address);
  },
});

const setAttribute = Element.prototype.setAttribute;
Element.prototype.setAttribute = function (name, value) {
  if (this instanceof HTMLImageElement && name === "src" && isElsewhere(value)) return;
  setAttribute.call(this, name, value);
};
