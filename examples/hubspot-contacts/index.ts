import './hubspot/actions/list-custom-fields.js';
import './hubspot/syncs/contacts.js';
