"""Learning as a service: searches, progress, feedback and statistics over the session's tenant."""

from .cache import cache_key
from .courses import ChapterHit, CourseHit, CourseStatistics, course_statistics, find_chapters, search_courses
from .documents import Duplicates, find_duplicate_documents
from .feedback import FeedbackAnalysis, Opinion, analyze_feedback, give_feedback
from .keywords import KeywordHit, search_keywords
from .people import find_person
from .progress import (
    ChapterStep,
    LearningStatistics,
    ProgressSummary,
    learning_statistics,
    progress_summary,
    record_progress,
)
from .similar import SimilarDocument, SimilarKeyword, find_similar_documents, find_similar_keywords

__all__ = [
    "ChapterHit",
    "ChapterStep",
    "CourseHit",
    "CourseStatistics",
    "Duplicates",
    "FeedbackAnalysis",
    "KeywordHit",
    "LearningStatistics",
    "Opinion",
    "ProgressSummary",
    "SimilarDocument",
    "SimilarKeyword",
    "analyze_feedback",
    "cache_key",
    "course_statistics",
    "find_chapters",
    "find_duplicate_documents",
    "find_person",
    "find_similar_documents",
    "find_similar_keywords",
    "give_feedback",
    "learning_statistics",
    "progress_summary",
    "record_progress",
    "search_courses",
    "search_keywords",
]
