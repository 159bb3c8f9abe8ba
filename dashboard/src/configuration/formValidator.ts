// rjsf wants a validator. Ours does nothing: the page validates, at once by the schema, then by the server.
import type { ValidatorType } from '@rjsf/utils';

const validator: ValidatorType = {
  validateFormData: () => ({ errors: [], errorSchema: {} }),
  isValid: () => true,
  rawValidation: () => ({}),
};
export default validator;
