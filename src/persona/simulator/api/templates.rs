//! `/inquiry-templates` and `/inquiry-template-versions`, which belong to the organization: for production keys only.

use serde_json::{Value, json};

use super::Answered;
use super::call::Call;
use super::paging::{Wanted, page};
use crate::domain::ids::TemplateId;
use crate::persona::simulator::refusal::Refusal;
use crate::persona::simulator::render;
use crate::persona::simulator::settings::EnvironmentKind;
use crate::persona::simulator::templates::{Template, Version};
use crate::persona::simulator::world::World;

/// `GET /inquiry-templates`
pub(super) fn list(world: &World, call: &Call) -> Result<Answered, Refusal> {
    check_key(world, call)?;
    let wanted = Wanted::read(call)?;
    let newest_first: Vec<&Template> = world.templates.iter().rev().collect();
    let place_of = |id: &str| newest_first.iter().position(|template| template.id.as_str() == id);
    let place = |template: &Template| place_of(template.id.as_str());
    let page = page(call, &wanted, &newest_first, place, |id| place_of(id).map(Some), |template| template.id.as_str())?;
    let data: Vec<Value> = page.items.into_iter().map(listed).collect();
    Ok(Answered::ok(json!({ "data": data, "links": page.links })))
}

/// `GET /inquiry-templates/{id}`
pub(super) fn retrieve(world: &World, call: &Call, id: &str) -> Result<Answered, Refusal> {
    check_key(world, call)?;
    let template = find(world, id)?;
    let mut document = json!({ "data": render::template(template) });
    if call.include()?.iter().any(|name| name == "latest-published-version") {
        document["included"] = json!([render::template_version(template, template.latest())]);
    }
    Ok(Answered::ok(document))
}

/// `GET /inquiry-template-versions?filter[inquiry-template-id]=`
pub(super) fn list_versions(world: &World, call: &Call) -> Result<Answered, Refusal> {
    check_key(world, call)?;
    let filters = call.filters(&["inquiry-template-id"])?;
    let id = filters.get("inquiry-template-id").ok_or_else(|| call.bad("filter[inquiry-template-id] is missing"))?;
    let template = find(world, id)?;
    let wanted = Wanted::read(call)?;
    let newest_first: Vec<&Version> = template.versions.iter().rev().collect();
    let place_of = |id: &str| newest_first.iter().position(|version| version.id.as_str() == id);
    let place = |version: &Version| place_of(version.id.as_str());
    let page = page(call, &wanted, &newest_first, place, |id| place_of(id).map(Some), |version| version.id.as_str())?;
    let data: Vec<Value> = page.items.into_iter().map(|version| render::template_version(template, version)).collect();
    Ok(Answered::ok(json!({ "data": data, "links": page.links })))
}

/// Lists leave the schemas of fields out.
fn listed(template: &Template) -> Value {
    let mut listed = render::template(template);
    if let Some(attributes) = listed["attributes"].as_object_mut() {
        attributes.remove("field-schemas");
    }
    listed
}

fn find<'a>(world: &'a World, id: &str) -> Result<&'a Template, Refusal> {
    world.template(&TemplateId::parse(id).map_err(|_| Refusal::not_found())?)
}

fn check_key(world: &World, call: &Call) -> Result<(), Refusal> {
    let is_production = world.environment(call.environment).kind == EnvironmentKind::Production;
    if is_production || world.unknowns.sandbox_reads_templates {
        Ok(())
    } else {
        Err(Refusal::forbidden("A production API key is needed to access this endpoint"))
    }
}
