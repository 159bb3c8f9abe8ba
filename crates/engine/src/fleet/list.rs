//! The connections of an environment with how they go, page by page: who is in trouble, and what kind of trouble.
//!
//! What is asked of few connections (which failed, which have another value) is known as their ids, from an index of the
//! database or from the index in memory; what is asked of many is a walk in the order of the list that ends with the page.

use super::FleetSelection;
use crate::{
    Engine, Result,
    configuration::{self, Configuration},
};
use bespoke_core::{
    configuration::Layer,
    fleet::Condition,
    id::{ConnectionId, EnvironmentId},
    integration::Integration,
};
use bespoke_store::{ConnectionFilter, ConnectionHealth, ConnectionPlace};
use std::{collections::HashMap, sync::Arc};

/// So many matches are counted; of more only that is told.
pub const COUNTED: usize = 1_000;
/// So many chosen connections are looked up one by one; among more of them the list is walked.
const LOOKED_UP: usize = 5_000;
/// Places of one step of a walk.
const STEP: u32 = 10_000;

/// What can be the matter with a connection, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// Its credentials could not be renewed.
    AuthError,
    /// The newest run of one of its syncs failed.
    SyncError,
    /// Its effective configuration does not fit the schema.
    Invalid,
    /// Its metadata is of an older version of the schema in `config.ts`.
    Outdated,
}

impl Trouble {
    /// All of them, the worst first.
    pub const ALL: [Self; 4] = [Self::AuthError, Self::SyncError, Self::Invalid, Self::Outdated];

    /// On the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthError => "auth_error",
            Self::SyncError => "sync_error",
            Self::Invalid => "invalid",
            Self::Outdated => "outdated",
        }
    }
}

/// What is asked of how connections go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Nothing is the matter.
    Fine,
    /// This is, among others perhaps.
    Has(Trouble),
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Newest first.
    #[default]
    Newest,
    /// The worst trouble first, and newest first among equals.
    Status,
}

/// A place in a list: after it the next page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListCursor {
    /// How many kinds of trouble are worse; 0 in a list by age.
    pub rank: u8,
    /// The place among those.
    pub place: ConnectionPlace,
}

/// Which connections to list. All filters must match.
#[derive(Clone, Debug, Default)]
pub struct FleetList {
    /// Part of the connection's id, or of the end user's name or e-mail address.
    pub search: Option<String>,
    /// Only at this integration, by key.
    pub integration: Option<String>,
    /// Only those that go so.
    pub health: Option<Health>,
    /// Only those with all of these tags, keys in lower case.
    pub tags: Vec<(String, String)>,
    /// Only those whose metadata is so.
    pub condition: Option<Condition>,
    /// The order.
    pub sort: Sort,
    /// Behind this place.
    pub after: Option<ListCursor>,
    /// How many at most.
    pub limit: usize,
}

/// A page of connections.
#[derive(Debug, Default)]
pub struct FleetPage {
    /// They, in order.
    pub members: Vec<ListedMember>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<ListCursor>,
    /// How many match; at most [`COUNTED`] where it is not exact.
    pub matched: u64,
    /// Whether all that match were counted.
    pub is_exact: bool,
    /// How many connections the environment has.
    pub total: u64,
}

/// A connection in the list.
#[derive(Debug)]
pub struct ListedMember {
    /// It, and how it goes.
    pub health: ConnectionHealth,
    /// What is the matter, the worst first.
    pub troubles: Vec<Trouble>,
    /// How many problems its configuration has.
    pub problems: usize,
    /// How many leaves its own metadata has.
    pub own_values: usize,
}

/// Connections chosen by id: one of `only`, where there is such a list, and none of `never`. Both are in order.
#[derive(Clone, Debug, Default)]
struct Chosen {
    only: Option<Vec<ConnectionId>>,
    never: Vec<ConnectionId>,
}

impl Chosen {
    fn has(&self, id: ConnectionId) -> bool {
        self.only.as_ref().is_none_or(|only| only.binary_search(&id).is_ok())
            && self.never.binary_search(&id).is_err()
    }

    /// Those of these, too.
    fn and(&mut self, ids: &[ConnectionId]) {
        match &mut self.only {
            Some(only) => only.retain(|id| ids.binary_search(id).is_ok()),
            None => self.only = Some(ids.to_vec()),
        }
    }

    /// None of these.
    fn and_not(&mut self, ids: &[ConnectionId]) {
        self.never.extend_from_slice(ids);
        self.never.sort_unstable();
        self.never.dedup();
    }

    fn is_everybody(&self) -> bool {
        self.only.is_none() && self.never.is_empty()
    }
}

impl Engine {
    /// Connections with how they go. Fails with [`crate::Error::NotFound`] where there is no such integration.
    pub async fn list_fleet(
        self: &Arc<Self>,
        environment: EnvironmentId,
        list: FleetList,
    ) -> Result<FleetPage> {
        let asked: Vec<Integration> = match &list.integration {
            Some(key) => vec![self.integration(environment, key).await?.integration],
            None => self.store.integrations(environment).await?,
        };
        let mut chosen = Chosen::default();
        if let Some(condition) = &list.condition {
            chosen.and(&self.fleet_where(environment, &asked, condition).await?);
        }
        let mut troubled = Vec::new();
        match list.health {
            Some(Health::Has(trouble)) => chosen.and(&self.in_trouble(environment, &asked, trouble).await?),
            Some(Health::Fine) => {
                for trouble in Trouble::ALL {
                    chosen.and_not(&self.in_trouble(environment, &asked, trouble).await?);
                }
            }
            None if list.sort == Sort::Status => {
                for trouble in Trouble::ALL {
                    troubled.push(self.in_trouble(environment, &asked, trouble).await?);
                }
            }
            None => {}
        }
        let walk = Walk { engine: self, environment, list: &list, asked: &asked };
        let counted = walk.count(&chosen).await?;
        let (places, next) = walk.page(&chosen, &troubled, &counted).await?;
        let total = self.store.connection_count(environment).await?;
        let members = self.listed_members(environment, places).await?;
        self.get_to_know_fleets(environment, asked);
        Ok(FleetPage { members, next, matched: counted.matched, is_exact: counted.is_exact, total })
    }

    /// The connections of these integrations with this trouble, in order.
    async fn in_trouble(
        &self,
        environment: EnvironmentId,
        asked: &[Integration],
        trouble: Trouble,
    ) -> Result<Vec<ConnectionId>> {
        let mut found = Vec::new();
        match trouble {
            Trouble::AuthError => return Ok(self.store.unauthorised_connections(environment).await?),
            Trouble::SyncError => return Ok(self.store.failing_connections(environment).await?),
            Trouble::Invalid => {
                for integration in asked {
                    // Where nothing can be wrong, nobody is looked at.
                    let configuration = self.configuration(environment, &integration.unique_key).await?;
                    if configuration.judges() {
                        let known = self.known_fleet(environment, integration).await?;
                        found.extend(known.index.invalid(known.index.ids()));
                    }
                }
            }
            Trouble::Outdated => {
                for integration in asked {
                    found.extend(self.outdated(environment, &integration.unique_key, integration.id).await?);
                }
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    async fn fleet_where(
        &self,
        environment: EnvironmentId,
        asked: &[Integration],
        condition: &Condition,
    ) -> Result<Vec<ConnectionId>> {
        let selection = FleetSelection { condition: Some(condition.clone()), ..FleetSelection::default() };
        let mut found = Vec::new();
        for integration in asked {
            let known = self.known_fleet(environment, integration).await?;
            let selected = self.select(environment, integration.id, &known.index, &selection).await?;
            found.extend(selected.unwrap_or_default());
        }
        found.sort_unstable();
        Ok(found)
    }

    /// The connections at these places, with what their documents tell.
    async fn listed_members(
        &self,
        environment: EnvironmentId,
        places: Vec<ConnectionPlace>,
    ) -> Result<Vec<ListedMember>> {
        let ids = places.iter().map(|place| place.id).collect();
        let mut configurations: HashMap<String, Arc<Configuration>> = HashMap::new();
        let mut members = HashMap::with_capacity(places.len());
        for health in self.store.connections_health(environment, ids).await? {
            let key = health.connection.provider_config_key.clone();
            if !configurations.contains_key(&key) {
                configurations.insert(key.clone(), self.configuration(environment, &key).await?);
            }
            let configuration = Arc::clone(&configurations[&key]);
            members.insert(health.connection.id, listed(health, &configuration));
        }
        Ok(places.iter().filter_map(|place| members.remove(&place.id)).collect())
    }
}

fn listed(health: ConnectionHealth, configuration: &Configuration) -> ListedMember {
    let own = health.connection.metadata.as_ref();
    let problems = configuration.problems(own);
    let is_old = configuration.file().is_some()
        && configuration.schema_version().is_some_and(|now| health.connection.metadata_schema_version < now);
    let is = |trouble: &Trouble| match trouble {
        Trouble::AuthError => health.unauthorised_at.is_some(),
        Trouble::SyncError => health.failed_at.is_some(),
        Trouble::Invalid => configuration::is_invalid(&problems),
        Trouble::Outdated => is_old,
    };
    let troubles = Trouble::ALL.into_iter().filter(is).collect();
    let leaves = configuration.leaves(own);
    let own_values = leaves.iter().filter(|leaf| leaf.layer == Layer::Connection).count();
    ListedMember { troubles, problems: problems.len(), own_values, health }
}

/// What counting found: a walk through everything is not done twice for the same question.
#[derive(Default)]
struct Counted {
    matched: u64,
    is_exact: bool,
    /// The first matches, in order; empty where the database told only how many there are.
    first: Vec<ConnectionPlace>,
    /// Whether `first` is all of them.
    is_whole: bool,
}

impl Counted {
    /// The first `wanted` of the chosen behind `after`, where they are known already.
    fn places(
        &self,
        chosen: &Chosen,
        after: Option<ConnectionPlace>,
        wanted: usize,
    ) -> Option<Vec<ConnectionPlace>> {
        let fits =
            |place: &&ConnectionPlace| chosen.has(place.id) && after.is_none_or(|after| **place < after);
        let found: Vec<_> = self.first.iter().filter(fits).take(wanted).copied().collect();
        (self.is_whole || found.len() == wanted).then_some(found)
    }
}

/// How the places of a list are found.
struct Walk<'a> {
    engine: &'a Engine,
    environment: EnvironmentId,
    list: &'a FleetList,
    asked: &'a [Integration],
}

impl Walk<'_> {
    /// How many match, and whether all were counted.
    async fn count(&self, chosen: &Chosen) -> Result<Counted> {
        let store = &self.engine.store;
        if chosen.is_everybody() && self.list.search.is_none() && self.list.tags.is_empty() {
            let counted = match (&self.list.integration, self.asked) {
                (Some(_), [one]) => store.connection_count_of(self.environment, one.id).await?,
                _ => store.connection_count(self.environment).await?,
            };
            return Ok(Counted { matched: counted, is_exact: true, ..Counted::default() });
        }
        let first = self.places(chosen, None, COUNTED + 1).await?;
        let is_whole = first.len() <= COUNTED;
        Ok(Counted { matched: first.len().min(COUNTED) as u64, is_exact: is_whole, first, is_whole })
    }

    /// The places of the page, and where the next one begins. `troubled` has who is in which trouble, in a list by that.
    async fn page(
        &self,
        chosen: &Chosen,
        troubled: &[Vec<ConnectionId>],
        counted: &Counted,
    ) -> Result<(Vec<ConnectionPlace>, Option<ListCursor>)> {
        let (mut places, mut after) = (Vec::new(), self.list.after);
        let mut ranked = Vec::new();
        let first = after.map_or(0, |after| after.rank);
        let last = u8::try_from(troubled.len()).unwrap_or(u8::MAX);
        for rank in first..=last {
            let mut here = chosen.clone();
            troubled.iter().take(rank.into()).for_each(|worse| here.and_not(worse));
            if let Some(these) = troubled.get(usize::from(rank)) {
                here.and(these);
            }
            let from = after.take().map(|after| after.place);
            // One more, to know whether there is another page.
            let wanted = self.list.limit + 1 - places.len();
            let found = match counted.places(&here, from, wanted) {
                Some(known) => known,
                None => self.places(&here, from, wanted).await?,
            };
            ranked.extend(found.iter().map(|_| rank));
            places.extend(found);
            if places.len() > self.list.limit {
                places.truncate(self.list.limit);
                let last = places.len().checked_sub(1);
                let next = last.map(|last| ListCursor { rank: ranked[last], place: places[last] });
                return Ok((places, next));
            }
        }
        Ok((places, None))
    }

    /// The first `wanted` places of the chosen connections that match, behind `after`.
    async fn places(
        &self,
        chosen: &Chosen,
        after: Option<ConnectionPlace>,
        wanted: usize,
    ) -> Result<Vec<ConnectionPlace>> {
        let FleetList { search, integration, tags, .. } = self.list;
        let store = &self.engine.store;
        if let Some(only) = chosen.only.as_ref().filter(|only| only.len() <= LOOKED_UP) {
            let mut ids = only.clone();
            if !tags.is_empty() {
                let tagged = store.connections_with_tags(self.environment, tags.clone()).await?;
                ids.retain(|id| tagged.binary_search(id).is_ok());
            }
            ids.retain(|id| chosen.has(*id));
            let asked = integration.as_ref().and_then(|_| self.asked.first()).map(|one| one.id);
            let mut places =
                store.places_of_connections(self.environment, asked, search.as_deref(), ids).await?;
            places.retain(|place| after.is_none_or(|after| *place < after));
            places.truncate(wanted);
            return Ok(places);
        }
        let filter = ConnectionFilter {
            search: search.clone(),
            integrations: integration.clone().map(|key| vec![key]),
            tags: tags.clone(),
            ..ConnectionFilter::default()
        };
        let (mut places, mut after) = (Vec::new(), after);
        loop {
            let step = if chosen.is_everybody() { u32::try_from(wanted).unwrap_or(STEP) } else { STEP };
            let found = store.connection_places(self.environment, filter.clone(), after, step).await?;
            after = found.last().copied();
            let is_end = found.len() < step as usize;
            places.extend(found.into_iter().filter(|place| chosen.has(place.id)));
            if is_end || places.len() >= wanted {
                places.truncate(wanted);
                return Ok(places);
            }
        }
    }
}
