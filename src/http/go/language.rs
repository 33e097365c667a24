//! The language of a page: what the browser asks for, as far as it is offered.

use axum::http::{HeaderMap, header};

use crate::config::Language;

/// The offered language that the browser likes best; the first one where it likes none.
pub(super) fn of(headers: &HeaderMap, offered: &[Language]) -> Language {
    let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut best: Option<(f32, Language)> = None;
    for part in asked.split(',').take(32) {
        let (tag, weight) = part.split_once(';').map_or((part, ""), |(tag, weight)| (tag, weight));
        let weight: f32 = weight.trim().strip_prefix("q=").map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
        let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
        let Some(language) = offered.iter().find(|language| language.as_str() == primary) else { continue };
        if weight > 0.0 && best.is_none_or(|(most, _)| weight > most) {
            best = Some((weight, *language));
        }
    }
    best.map(|(_, language)| language).or_else(|| offered.first().copied()).unwrap_or(Language::En)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_what_is_offered_is_chosen() {
        let of = |asked: &str, offered: &[Language]| {
            super::of(&HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, asked.parse().unwrap())]), offered)
        };
        let all = &Language::ALL;
        assert_eq!(of("de-AT,de;q=0.9,en;q=0.8", all), Language::De);
        assert_eq!(of("pt-BR, fr;q=0.3, es;q=0.7", all), Language::Es);
        assert_eq!(of("pt", all), Language::En);
        assert_eq!(of("de", &[Language::Fr, Language::Es]), Language::Fr, "the first of those offered");
        assert_eq!(of("en;q=0, de;q=x, ;;,", &[Language::Fr, Language::En]), Language::Fr);
        assert_eq!(super::of(&HeaderMap::new(), all), Language::En);
    }
}
