"""A learning platform: people, their courses, what the courses are made of, and what people have learnt.

Vectors need the extension `vector`; a database without it has every service but this one.
"""

from .courses import Chapter, ChapterComplexity, Course
from .documents import CourseDocument, ProcessedDocument
from .keywords import AnalogyFeedback, Keyword, Relationship
from .people import UserAnnotation, UserProfile
from .progress import ChapterProgress, UserProgress

__all__ = [
    "AnalogyFeedback",
    "Chapter",
    "ChapterComplexity",
    "ChapterProgress",
    "Course",
    "CourseDocument",
    "Keyword",
    "ProcessedDocument",
    "Relationship",
    "UserAnnotation",
    "UserProfile",
    "UserProgress",
]
