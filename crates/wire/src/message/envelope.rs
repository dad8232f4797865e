//! `Envelope` (58): forwards a request of a client to the controller.

use ottla_model::ErrorCode;

use crate::{Message, Octets};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 58, versions = 0, flexible = 0..)]
pub struct EnvelopeRequest<'a> {
    pub request_data: Octets<'a>,
    pub request_principal: Option<Octets<'a>>,
    pub client_host_address: Octets<'a>,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 58, versions = 0, flexible = 0..)]
pub struct EnvelopeResponse<'a> {
    #[field(default = None)]
    pub response_data: Option<Octets<'a>>,
    pub error_code: ErrorCode,
}
