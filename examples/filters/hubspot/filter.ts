import { z } from 'zod';

/** One condition, in words that a customer can choose from. */
const Condition = z.discriminatedUnion('operator', [
    z.object({ field: z.string().min(1), operator: z.enum(['is', 'is-not', 'contains']), value: z.string() }),
    z.object({ field: z.string().min(1), operator: z.literal('one-of'), values: z.array(z.string()).min(1) }),
    z.object({ field: z.string().min(1), operator: z.enum(['is-set', 'is-empty']) }),
]);
type Condition = z.infer<typeof Condition>;

/** Who belongs to the segment. Without conditions everybody does. */
export const Filter = z.object({
    match: z.enum(['all', 'any']).default('all'),
    conditions: z.array(Condition).max(18).default([]),
});
export type Filter = z.infer<typeof Filter>;

/** What differs from customer to customer. */
export const Configuration = z.object({ filter: Filter.prefault({}) });

/** A filter of HubSpot's search. */
interface SearchFilter {
    propertyName: string;
    operator: string;
    value?: string;
    values?: string[];
}

/** The filter in the words of HubSpot's search: groups are alternatives, all filters of a group have to hold. */
export function filterGroups({ match, conditions }: Filter): { filters: SearchFilter[] }[] {
    const filters = conditions.map(searchFilter);
    if (filters.length === 0) return [];
    return match === 'all' ? [{ filters }] : filters.map((filter) => ({ filters: [filter] }));
}

function searchFilter(condition: Condition): SearchFilter {
    const propertyName = condition.field;
    switch (condition.operator) {
        case 'is':
            return { propertyName, operator: 'EQ', value: condition.value };
        case 'is-not':
            return { propertyName, operator: 'NEQ', value: condition.value };
        case 'contains':
            return { propertyName, operator: 'CONTAINS_TOKEN', value: condition.value };
        case 'one-of':
            return { propertyName, operator: 'IN', values: condition.values };
        case 'is-set':
            return { propertyName, operator: 'HAS_PROPERTY' };
        case 'is-empty':
            return { propertyName, operator: 'NOT_HAS_PROPERTY' };
    }
}
