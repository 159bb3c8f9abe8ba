// The object that becomes the global `Intl`. Formatjs' classes find each other in it: the build puts it in place of the global, which a
// function may replace.
export const intlObject = {};
