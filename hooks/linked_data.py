"""What the course and its parts are, as JSON-LD in the words of schema.org."""

from collections.abc import Iterable
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.pages import Page

LICENSE = "https://creativecommons.org/licenses/by/4.0/"
_SHARED = {"inLanguage": "en", "isAccessibleForFree": True, "license": LICENSE}


def title_of(page: Page) -> str:
    """Return the title that a page has by itself; the navigation may call it by a shorter one."""
    return str(page.meta.get("title", page.title))


def linked_data(page: Page, pages: Iterable[Page], config: MkDocsConfig) -> dict[str, Any] | None:
    """Return the JSON-LD of the home page, which describes the course, or of a page with a lab, which is a part of it; else nothing."""
    course = f"{config.site_url}#course"
    described = {"name": title_of(page), "description": page.meta.get("description", ""), "url": page.canonical_url}
    if page.is_homepage:
        parts = [other for other in pages if "minutes" in other.meta]
        minutes = sum(sum(other.meta["minutes"]) for other in parts)
        return {
            "@context": "https://schema.org",
            "@type": "Course",
            "@id": course,
            **described,
            "name": f"{config.site_name}: {title_of(page)}",
            **_SHARED,
            "coursePrerequisites": page.meta.get("prerequisites", ""),
            "teaches": page.meta.get("outcomes", []),
            "provider": {"@type": "Organization", "name": config.site_name, "url": config.site_url},
            "offers": {"@type": "Offer", "category": "Free", "price": 0, "priceCurrency": "USD"},
            "hasCourseInstance": {
                "@type": "CourseInstance",
                "courseMode": "Online",
                "courseWorkload": _duration(minutes),
            },
            "hasPart": [
                {
                    "@type": "LearningResource",
                    "@id": other.canonical_url,
                    "name": title_of(other),
                    "url": other.canonical_url,
                }
                for other in parts
            ],
        }
    if "minutes" not in page.meta:
        return None
    found = {
        "@context": "https://schema.org",
        "@type": "LearningResource",
        "@id": page.canonical_url,
        **described,
        **_SHARED,
        "learningResourceType": "lesson" if page.is_index else "lab",
        "timeRequired": _duration(sum(page.meta["minutes"])),
        "isPartOf": {"@type": "Course", "@id": course, "name": config.site_name, "url": config.site_url},
    }
    return found | ({"dateModified": page.meta["changed"]} if "changed" in page.meta else {})


def _duration(minutes: int) -> str:
    return f"PT{minutes // 60}H{minutes % 60}M"
