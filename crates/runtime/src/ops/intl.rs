//! What `Intl` needs of the engine: the order of texts, plural forms, time zones, and the data of a locale.

use crate::locales;
use fixed_decimal::Decimal;
use icu_collator::options::{AlternateHandling, CaseLevel, CollatorOptions, Strength};
use icu_collator::preferences::{CollationCaseFirst, CollationNumericOrdering};
use icu_collator::{Collator, CollatorPreferences};
use icu_locale_core::Locale;
use icu_plurals::{PluralCategory, PluralOperands, PluralRuleType, PluralRules, PluralRulesOptions};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rquickjs::{Ctx, Exception, Function, Object, Result};

/// Transitions later than this are left out: every zone goes on as it did. The start of 2100.
const LAST_TRANSITION: i64 = 4_102_444_800;

/// The beginning of time for a zone, seconds: before every date that JavaScript has.
const FIRST: f64 = -1e15;

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set(
        "collate",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, locale: String, how: String, a: String, b: String| {
            let order = collate(&locale, &how, &a, &b);
            order.ok_or_else(|| Exception::throw_range(&ctx, "Incorrect locale information provided"))
        })?,
    )?;
    native.set(
        "plural",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, locale: String, ordinal: bool, number: String| {
            let category = plural(&locale, ordinal, &number);
            category.ok_or_else(|| Exception::throw_range(&ctx, "Incorrect locale information provided"))
        })?,
    )?;
    native.set("timeZone", Function::new(ctx.clone(), |name: String| zone(&name))?)?;
    native.set("localeData", Function::new(ctx.clone(), |name: String| locales::data(&name))?)?;
    native.set("localeNames", Function::new(ctx.clone(), locales::names)?)
}

/// How two texts are ordered: −1, 0 or 1. `how` has a letter for each wish: `b`, `a` or `c` for the sensitivities base, accent
/// and case, `n` for numeric, `p` to skip punctuation, `u` or `l` for the case that comes first.
fn collate(locale: &str, how: &str, a: &str, b: &str) -> Option<i32> {
    let mut preferences = CollatorPreferences::from(locale.parse::<Locale>().ok()?);
    let mut options = CollatorOptions::default();
    options.strength = Some(Strength::Tertiary);
    for letter in how.chars() {
        match letter {
            'b' => options.strength = Some(Strength::Primary),
            'a' => options.strength = Some(Strength::Secondary),
            'c' => {
                options.strength = Some(Strength::Primary);
                options.case_level = Some(CaseLevel::On);
            }
            'n' => preferences.numeric_ordering = Some(CollationNumericOrdering::True),
            'p' => options.alternate_handling = Some(AlternateHandling::Shifted),
            'u' => preferences.case_first = Some(CollationCaseFirst::Upper),
            'l' => preferences.case_first = Some(CollationCaseFirst::Lower),
            _ => return None,
        }
    }
    Some(Collator::try_new(preferences, options).ok()?.compare(a, b) as i32)
}

fn plural(locale: &str, ordinal: bool, number: &str) -> Option<&'static str> {
    let locale: Locale = locale.parse().ok()?;
    let kind = if ordinal { PluralRuleType::Ordinal } else { PluralRuleType::Cardinal };
    let options = PluralRulesOptions::default().with_type(kind);
    let rules = PluralRules::try_new((&locale).into(), options).ok()?;
    let operands =
        number.parse::<Decimal>().map_or_else(|_| 0_u32.into(), |number| PluralOperands::from(&number));
    Some(match rules.category_for(operands) {
        PluralCategory::Zero => "zero",
        PluralCategory::One => "one",
        PluralCategory::Two => "two",
        PluralCategory::Few => "few",
        PluralCategory::Many => "many",
        PluralCategory::Other => "other",
    })
}

/// From when on (seconds) a zone is how far from UTC (seconds), and whether that is summer time: three numbers each.
fn zone(name: &str) -> Option<Vec<f64>> {
    let zone = TimeZone::get(name).ok()?;
    let first = zone.to_offset_info(Timestamp::MIN);
    let mut numbers =
        vec![FIRST, f64::from(first.offset().seconds()), f64::from(u8::from(first.dst().is_dst()))];
    let transitions = zone.following(Timestamp::MIN);
    for transition in transitions.take_while(|one| one.timestamp().as_second() < LAST_TRANSITION) {
        numbers.push(transition.timestamp().as_second() as f64);
        numbers.push(f64::from(transition.offset().seconds()));
        numbers.push(f64::from(u8::from(transition.dst().is_dst())));
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_ordered_as_in_a_dictionary() {
        for (locale, how, a, b, expected) in [
            ("en", "", "a", "B", -1),
            ("en", "b", "a", "Á", 0),
            ("en", "a", "a", "A", 0),
            ("en", "n", "item 10", "item 9", 1),
            ("de", "", "ä", "z", -1),
            ("sv", "", "ä", "z", 1),
            ("en", "u", "a", "A", 1),
        ] {
            assert_eq!(collate(locale, how, a, b), Some(expected), "{locale} {how} {a} {b}");
        }
        assert_eq!(collate("not a locale", "", "a", "b"), None);
    }

    #[test]
    fn numbers_have_their_plural_form() {
        for (locale, ordinal, number, expected) in [
            ("en", false, "1", "one"),
            ("en", false, "1.0", "other"),
            ("en", true, "22", "two"),
            ("pl", false, "3", "few"),
        ] {
            assert_eq!(plural(locale, ordinal, number), Some(expected), "{locale} {number}");
        }
    }

    #[test]
    fn zones_know_their_summers() {
        let berlin = zone("europe/berlin").unwrap();
        let rows: Vec<_> = berlin.chunks(3).collect();
        // From 31 March 2024 at 01:00 UTC, two hours.
        assert!(rows.contains(&[1_711_846_800.0, 7200.0, 1.0].as_slice()));
        assert_eq!(zone("Mars/Olympus"), None);
    }
}
