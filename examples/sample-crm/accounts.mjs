// The customers of the sample CRM. Each account has its own API key, its own custom fields and its own contacts.

const standardFields = [
    { name: 'email', label: 'Email', type: 'string', fieldType: 'text', hubspotDefined: true },
    { name: 'firstname', label: 'First name', type: 'string', fieldType: 'text', hubspotDefined: true },
    { name: 'lastname', label: 'Last name', type: 'string', fieldType: 'text', hubspotDefined: true },
    { name: 'status', label: 'Status', type: 'enumeration', fieldType: 'select', hubspotDefined: true },
];

const field = (name, label, type = 'string') => ({ name, label, type, fieldType: 'text', hubspotDefined: false });

const people = [
    ['Ada', 'Lovelace'], ['Grace', 'Hopper'], ['Alan', 'Turing'], ['Edsger', 'Dijkstra'], ['Barbara', 'Liskov'],
    ['Donald', 'Knuth'], ['Radia', 'Perlman'], ['Tony', 'Hoare'], ['Frances', 'Allen'], ['John', 'Backus'],
    ['Margaret', 'Hamilton'], ['Niklaus', 'Wirth'],
];

/** Contacts with the values that `values(index)` adds to each. */
function contacts(domain, count, values) {
    return Array.from({ length: count }, (_, index) => {
        const [firstname, lastname] = people[index % people.length];
        const email = `${firstname}.${lastname}@${domain}`.toLowerCase();
        const status = index % 3 === 2 ? 'inactive' : 'active';
        const at = new Date(Date.UTC(2026, 0, 1 + index)).toISOString();
        const properties = { email, firstname, lastname, status, ...values(index) };
        return { id: String(101 + index), properties, createdAt: at, updatedAt: at, archived: false };
    });
}

/** New accounts by API key, so that every start of the CRM begins with the same data. */
export function accounts() {
    return new Map([
        ['crm-key-customer-a', {
            name: 'customer-a',
            properties: [
                ...standardFields,
                field('custom_field_123', 'Employee number'),
                field('custom_field_9', 'Cost centre'),
            ],
            contacts: contacts('customer-a.example', 6, (index) => ({
                custom_field_123: `A-${1001 + index}`,
                custom_field_9: `CC-${10 + (index % 3)}`,
            })),
        }],
        ['crm-key-customer-b', {
            name: 'customer-b',
            properties: [...standardFields, field('cf_456', 'Internal reference'), field('cf_region', 'Region')],
            contacts: contacts('customer-b.example', 9, (index) => ({
                cf_456: `B/${index + 1}`,
                cf_region: ['EMEA', 'APAC', 'AMER'][index % 3],
            })),
        }],
    ]);
}
