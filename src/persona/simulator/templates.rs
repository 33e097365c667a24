//! Templates and their versions: an inquiry is locked to the version that was the latest when it was created
//! (<https://docs.withpersona.com/inquiry-templates>).

use super::refusal::Refusal;
use super::settings::{EnvironmentKind, Life, TemplateSettings};
use super::world::World;
use super::{events::Occurrence, render};
use crate::domain::ids::{InvalidId, TemplateId, TemplateVersionId};
use crate::domain::time::Timestamp;

pub(super) struct Template {
    pub(super) id: TemplateId,
    pub(super) name: String,
    pub(super) steps: Vec<String>,
    pub(super) session_limit: usize,
    /// In the order of publishing; never empty.
    pub(super) versions: Vec<Version>,
}

#[derive(Clone)]
pub(super) struct Version {
    pub(super) id: TemplateVersionId,
    pub(super) published_at: Timestamp,
    pub(super) life: Life,
}

impl Template {
    pub(super) fn new(settings: TemplateSettings, first: TemplateVersionId, at: Timestamp) -> Result<Self, InvalidId> {
        Ok(Self {
            id: TemplateId::parse(&settings.id)?,
            name: settings.name,
            steps: settings.steps,
            session_limit: settings.session_limit,
            versions: vec![Version { id: first, published_at: at, life: settings.life }],
        })
    }

    pub(super) fn latest(&self) -> &Version {
        &self.versions[self.versions.len() - 1]
    }

    /// The step after this one; `success` after the last.
    pub(super) fn step_after(&self, step: Option<&str>) -> &str {
        let next = match step.and_then(|step| self.steps.iter().position(|known| known == step)) {
            Some(at) => self.steps.get(at + 1),
            None => self.steps.first(),
        };
        next.map_or("success", String::as_str)
    }
}

impl World {
    pub(super) fn template(&self, id: &TemplateId) -> Result<&Template, Refusal> {
        self.templates.iter().find(|template| template.id == *id).ok_or_else(Refusal::not_found)
    }

    /// The template that has this version, and the version.
    pub(super) fn version(&self, id: &TemplateVersionId) -> Result<(&Template, &Version), Refusal> {
        self.templates
            .iter()
            .find_map(|template| Some((template, template.versions.iter().find(|version| version.id == *id)?)))
            .ok_or_else(Refusal::not_found)
    }

    /// Publishes a new version of a template; it keeps the life times of the last unless others are given.
    pub(super) fn publish(
        &mut self,
        template: &TemplateId,
        life: Option<Life>,
        now: Timestamp,
    ) -> Result<TemplateVersionId, Refusal> {
        let id = self.random.mint("itmplv", TemplateVersionId::parse);
        let template = self.templates.iter_mut().find(|known| known.id == *template).ok_or_else(Refusal::not_found)?;
        let life = life.unwrap_or_else(|| template.latest().life);
        template.versions.push(Version { id: id.clone(), published_at: now, life });
        self.announce_version(&id, now)?;
        Ok(id)
    }

    fn announce_version(&mut self, id: &TemplateVersionId, now: Timestamp) -> Result<(), Refusal> {
        let (template, version) = self.version(id)?;
        let data = render::template_version(template, version);
        let included = vec![render::template(template)];
        for environment in self.environment_handles() {
            let is_sandbox = self.environment(environment).kind == EnvironmentKind::Sandbox;
            if is_sandbox && !self.unknowns.sandbox_sends_version_events {
                continue;
            }
            let name = "inquiry-template-version.published";
            let payload = (data.clone(), included.clone());
            self.record(Occurrence { environment, name, object: id.as_str(), payload, at: now });
        }
        Ok(())
    }
}
