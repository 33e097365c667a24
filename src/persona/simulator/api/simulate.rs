//! `POST /inquiries/{id}/perform-simulate-actions`, for sandboxes (<https://docs.withpersona.com/integration-testing>).

use serde_json::Value;

use super::Answered;
use super::call::Call;
use super::inquiries::{document, find};
use crate::domain::ids::InquiryId;
use crate::domain::status::Status;
use crate::persona::simulator::lifecycle::Move;
use crate::persona::simulator::refusal::Refusal;
use crate::persona::simulator::settings::EnvironmentKind;
use crate::persona::simulator::world::World;

/// Performs the actions in order; the first that is refused ends it.
pub(super) fn perform(world: &mut World, call: &Call, id: &str) -> Result<Answered, Refusal> {
    if world.environment(call.environment).kind != EnvironmentKind::Sandbox {
        return Err(Refusal::forbidden("Actions can only be simulated in Sandbox"));
    }
    let id = find(world, call, id)?;
    let include = call.include()?;
    let meta = call.object(&["meta"], &["simulate-actions"])?;
    let actions = meta.get("simulate-actions").and_then(Value::as_array);
    let actions = actions.ok_or_else(|| call.bad("meta.simulate-actions must be an array"))?;
    let moves = actions.iter().map(|action| read(call, action)).collect::<Result<Vec<_>, _>>()?;
    for step in moves {
        perform_one(world, call, &id, step.as_ref())?;
    }
    Ok(Answered::ok(document(world, call, &id, &include)?))
}

/// A verification that is created starts an inquiry that was not, and changes nothing else.
fn perform_one(world: &mut World, call: &Call, id: &InquiryId, step: Option<&Move>) -> Result<(), Refusal> {
    let step = match step {
        Some(step) => step,
        None if world.inquiry(id)?.status == Status::Created => &Move::Start,
        None => return Ok(()),
    };
    world.make(id, step, call.now)?;
    Ok(())
}

fn read(call: &Call, action: &Value) -> Result<Option<Move>, Refusal> {
    Ok(Some(match action["type"].as_str() {
        Some("create_passed_verification" | "create_failed_verification") => return Ok(None),
        Some("start_inquiry") => Move::Start,
        Some("complete_inquiry") => Move::Complete,
        Some("fail_inquiry") => Move::Fail,
        Some("expire_inquiry") => Move::Expire,
        Some("mark_for_review_inquiry") => Move::MarkForReview,
        Some("approve_inquiry") => Move::Approve,
        Some("decline_inquiry") => Move::Decline,
        _ => return Err(call.bad("meta.simulate-actions holds an action of an unknown type")),
    }))
}
