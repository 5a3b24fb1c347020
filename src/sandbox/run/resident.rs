//! Scripts whose instance lives on: those of a site that are marked as shared, see the same folder and have the same
//! grants take turns in one, so that what they keep in modules is there for the next (`[python] shared`).
//!
//! The limits are those of an exchange, from the beginning of its turn; the memory's is the instance's. An instance ends
//! with an exchange that traps, meets a limit or is abandoned, and the next exchange begins a fresh one. As long as it
//! lives, it keeps a slot.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OwnedSemaphorePermit;
use wasmtime::Store;

use super::{Case, HandlerPre, Missed, Outcome, Report, Sandbox, ScriptRuntime, call, outcome};
use crate::{
    exchange::Exchange,
    sandbox::{Grants, Target, fault, host::Guest},
};

/// The instances that live on, by what all that run in them have in common: the folder that they see, and their grants.
/// Whoever has the lock has the turn; tokio's lock is fair.
#[derive(Default)]
pub(in crate::sandbox) struct Residents(Mutex<HashMap<(Arc<Path>, Grants), Turns>>);

type Turns = Arc<tokio::sync::Mutex<Option<Resident>>>;

/// An instance between two exchanges.
struct Resident {
    store: Store<Guest>,
    instance: ScriptRuntime,
    slot: OwnedSemaphorePermit,
}

impl Residents {
    fn of(&self, target: &Target) -> Turns {
        let mut residents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(residents.entry((Arc::clone(&target.root), target.grants)).or_default())
    }
}

impl Sandbox {
    /// Runs a handler in the instance that it shares, when its turn has come.
    pub(super) async fn run_shared(
        &self,
        handler: &HandlerPre,
        case: &Case<'_>,
        exchange: Exchange,
    ) -> (Report, Vec<Missed>) {
        let Case { target, house, .. } = case;
        let turns = house.residents.of(target);
        let patience = house.limits.wall;
        let Ok(mut turn) = tokio::time::timeout(patience, turns.lock()).await else {
            return (fault::refuse(exchange, case, Outcome::NoTurn(patience)).await, Vec::new());
        };
        let (id, resident) = (exchange.id, turn.take());
        let (mut store, mut instance, slot, beginning, response) = match resident {
            Some(Resident { mut store, instance, slot }) => {
                let (next, response) = self.guest(case, exchange);
                store.data_mut().begin(next);
                (store, Some(instance), slot, None, response)
            }
            None => {
                let Some((slot, beginning)) = self.slot(case).await else {
                    return (fault::refuse(exchange, case, Outcome::NoSlot(self.settings.slots)).await, Vec::new());
                };
                tracing::info!(exchange = %id, handler = &*target.name, "an instance for shared scripts begins");
                let (guest, response) = self.guest(case, exchange);
                (self.store(guest), None, slot, beginning, response)
            }
        };
        let log = Arc::clone(&store.data().log);
        let calling = async {
            let instance = match &mut instance {
                Some(instance) => instance,
                none => none.insert(handler.instantiate_async(&mut store).await?),
            };
            call(instance, &mut store).await
        };
        let (ended, cpu) = self.drive(house, calling, &response, beginning).await;
        let lives_on = matches!(ended, Ok(Ok(())));
        let outcome = outcome(ended, store.data_mut());
        let missed = store.data_mut().code.take_missed();
        match instance.filter(|_| lives_on) {
            Some(instance) => {
                store.data_mut().end();
                *turn = Some(Resident { store, instance, slot });
            }
            None => {
                drop(store);
                drop(slot);
                tracing::warn!(exchange = %id, handler = &*target.name, "what shared scripts kept in modules is lost");
            }
        }
        // The next turn begins: a slow peer's last octets need no instance.
        drop(turn);
        log.finish();
        (fault::finish(&response, case, cpu, outcome).await, missed)
    }
}
