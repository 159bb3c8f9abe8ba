import { HighlightStyle } from '@codemirror/language';
import { tags } from '@lezer/highlight';

/** Code in the tokens of the design, light and dark. */
export const colours = HighlightStyle.define([
  { tag: [tags.propertyName], color: 'var(--ink)' },
  { tag: [tags.string], color: 'var(--ok)' },
  { tag: [tags.number], color: 'var(--accent-text)' },
  { tag: [tags.bool, tags.null], color: 'var(--warn)' },
  { tag: [tags.keyword, tags.controlKeyword, tags.moduleKeyword], color: 'var(--accent-text)' },
  { tag: [tags.comment], color: 'var(--ink3)' },
  { tag: [tags.typeName], color: 'var(--integration)' },
]);
