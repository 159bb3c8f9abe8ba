// What the parts of the form know of the page that they are in.
import { createContext, useContext } from 'react';
import type { Path } from './document';
import type { OptionsStore } from './options';
import type { Editing } from './useEditing';

export interface FormPlace {
  editing: Editing;
  /** The customer's own fields; not there where the document is no customer's. */
  options?: OptionsStore;
  /** The customer's system, as people call it: HubSpot. */
  system: string;
  /** Who reads it: someone of ours, or the customer, who knows no layers. */
  audience: 'operator' | 'customer';
  /** Our product's name, for the customer. */
  product?: string;
  readOnly: boolean;
  /** The value that the cursor is at in the JSON. */
  marked?: string;
  onFocus?: (path: Path) => void;
}

const Place = createContext<FormPlace | undefined>(undefined);
export const FormPlaceProvider = Place.Provider;

export function useForm(): FormPlace {
  const place = useContext(Place);
  if (!place) throw new Error('outside of a configuration form');
  return place;
}
