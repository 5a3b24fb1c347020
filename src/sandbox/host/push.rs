//! `framewright:handler/push`.

use wasmtime::component::Resource;

use super::{Guest, Response, ResponseCell, response::to_section};
use crate::{
    exchange::{PushError, PushedRequest},
    sandbox::{
        bindings::framewright::handler::{push, types},
        grants::Grants,
    },
};

impl push::Host for Guest {
    fn push(
        &mut self,
        method: Vec<u8>,
        authority: Option<Vec<u8>>,
        path_with_query: Vec<u8>,
        fields: Vec<types::Field>,
    ) -> wasmtime::Result<Result<Resource<Response>, push::PushError>> {
        if !self.grants.contains(Grants::PUSH) {
            self.log.denied("framewright:handler/push");
            return Ok(Err(push::PushError::NotGranted));
        }
        let own = self.request.head.authority.as_deref().unwrap_or_default().to_vec();
        let fields = to_section(&fields);
        let request = PushedRequest {
            method: &method,
            scheme: &self.request.head.scheme,
            authority: authority.as_deref().unwrap_or(&own),
            path_and_query: &path_with_query,
            fields: &fields,
        };
        let pushed = self.response.with(|response| response.push(&request)).unwrap_or(Err(PushError::Closed));
        Ok(match pushed {
            Ok(response) => {
                self.pushed.push(ResponseCell::new(response));
                Ok(Resource::new_own(self.own.wrapping_add(u32::try_from(self.pushed.len())?)))
            }
            Err(error) => Err(match error {
                PushError::WrongProtocol => push::PushError::WrongProtocol,
                PushError::Disabled => push::PushError::Disabled,
                PushError::Closed => push::PushError::Closed,
                PushError::InvalidField(index) => {
                    push::PushError::InvalidField(u32::try_from(index).unwrap_or(u32::MAX))
                }
                PushError::InvalidRequest => push::PushError::InvalidRequest,
                PushError::Refused => push::PushError::Refused,
            }),
        })
    }
}
