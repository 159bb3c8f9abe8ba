import Rjsf from '@rjsf/core';
import type { RegistryFieldsType, RegistryWidgetsType, RJSFSchema, TemplatesType } from '@rjsf/utils';
import { useMemo } from 'react';
import { useForm } from './context';
import { isObject, type Json, type JsonObject } from './document';
import { FilterField } from './fields/FilterField';
import { JsonField } from './fields/JsonField';
import { MappingField } from './fields/MappingField';
import { ArrayFieldItemTemplate, ArrayFieldTemplate, FieldTemplate, ObjectFieldTemplate } from './fields/templates';
import { BaseInput, CheckboxesWidget, FlagWidget, SecretWidget, SelectWidget, TextAreaWidget } from './fields/widgets';
import validator from './formValidator';
import { OtherKeys } from './OtherKeys';

const fields: RegistryFieldsType = { mapping: MappingField, filter: FilterField, json: JsonField };
const widgets: RegistryWidgetsType = {
  CheckboxWidget: FlagWidget,
  SelectWidget,
  RadioWidget: SelectWidget,
  CheckboxesWidget,
  TextareaWidget: TextAreaWidget,
  secret: SecretWidget,
};
const templates: Partial<TemplatesType> = {
  FieldTemplate,
  ObjectFieldTemplate,
  ArrayFieldTemplate,
  ArrayFieldItemTemplate,
  BaseInputTemplate: BaseInput,
};

/** What the schema knows of a document; everything else is shown apart. */
function known(schema: RJSFSchema, document: Json): Json {
  if (!isObject(document) || !schema.properties) return document;
  const kept: JsonObject = {};
  for (const [key, child] of Object.entries(schema.properties)) {
    const value = document[key];
    if (value !== undefined) kept[key] = known(child as RJSFSchema, value);
  }
  return kept;
}

/** The configuration as a form, made from its schema. */
export function Form() {
  const { editing, audience } = useForm();
  const { form, merged, setMerged } = editing;
  const data = useMemo(() => (form ? known(form.schema, merged) : {}), [form, merged]);
  if (!form) return null;
  return (
    <div className="@container">
      <Rjsf
        tagName="div"
        className="space-y-3"
        schema={form.schema}
        uiSchema={form.uiSchema}
        formData={data}
        validator={validator}
        fields={fields}
        widgets={widgets}
        templates={templates}
        noValidate
        showErrorList={false}
        experimental_defaultFormStateBehavior={{ emptyObjectFields: 'skipDefaults', arrayMinItems: { populate: 'never' } }}
        // Without an id it is rjsf that fills something in, and nobody asked for it.
        onChange={(event, id) => id && setMerged(withUnknown(merged, event.formData as Json, form.schema))}
      >
        {/* Saving is the page's affair. */}
        <></>
      </Rjsf>
      {audience === 'operator' && <OtherKeys />}
    </div>
  );
}

/** What the form says, with what the schema does not know as it was. */
function withUnknown(before: Json, after: Json, schema: RJSFSchema): Json {
  if (!isObject(before) || !isObject(after) || !schema.properties) return after;
  const all: JsonObject = { ...after };
  for (const [key, value] of Object.entries(before)) {
    const child = schema.properties[key] as RJSFSchema | undefined;
    if (!child) all[key] = value;
    else if (after[key] !== undefined) all[key] = withUnknown(value, after[key], child);
  }
  return all;
}
