import './hubspot/actions/update-person.js';
import './hubspot/syncs/people.js';
