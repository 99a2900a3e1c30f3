/// The request body of each operation. A placeholder stands for an id of the thing.
enum OperationBodies {
    static let course = """
        {"title": "Number theory", "description": "Primes.", "category": "Mathematics", "level": "BEGINNER",
         "language": "en", "price": "49.99", "currency": "USD"}
        """
    static let quiz = """
        {"title": "Sums", "passPercent": 50, "questions": [{"kind": "TRUE_FALSE", "text": "Is one prime?", "points": 1,
         "options": [{"text": "Yes"}, {"text": "No", "correct": true}]}]}
        """
    static let assignment = #"{"title": "An essay", "maxScore": 20}"#
    static let medium = medium(in: nil)

    private static func medium(in course: String?) -> String {
        let place = course.map { #", "courseId": "\#($0)""# } ?? ""
        let sha256 = String(repeating: "0", count: 64)
        return
            #"{"fileName": "a.pdf", "contentType": "application/pdf", "sizeBytes": 9, "sha256": "\#(sha256)"\#(place)}"#
    }

    static let byOperation = [
        "POST /auth/register": "{}",
        "POST /auth/login": "{}",
        "POST /auth/refresh": #"{"refreshToken": "nobody's"}"#,
        "POST /auth/logout": #"{"refreshToken": "nobody's"}"#,
        "PATCH /users/me": #"{"firstName": "Eve"}"#,
        "PUT /users/{id}/role": #"{"role": "ADMIN"}"#,
        "POST /courses": course,
        "PATCH /courses/{id}": #"{"title": "Changed"}"#,
        "POST /courses/{id}/sections": #"{"title": "New"}"#,
        "PATCH /courses/{id}/sections/{sectionId}": #"{"title": "Changed"}"#,
        "POST /courses/{id}/lessons": #"{"sectionId": "{sectionId}", "title": "New", "kind": "ARTICLE"}"#,
        "PATCH /courses/{id}/lessons/{lessonId}": #"{"title": "Changed"}"#,
        "PUT /lessons/{id}/content": #"{"markdown": "Changed"}"#,
        "POST /content/preview": #"{"markdown": "Shown"}"#,
        "PUT /progress": #"{"enrollmentId": "{enrollments}", "lessonId": "{lessons}", "percent": 100}"#,
        "POST /courses/{id}/quizzes": quiz,
        "POST /quizzes/submit": #"{"quizId": "{quizzes}", "answers": []}"#,
        "POST /courses/{id}/assignments": assignment,
        "POST /assignments/{id}/submissions": #"{"text": "Another proof."}"#,
        "PUT /submissions/{id}/grade": #"{"score": 5}"#,
        "POST /courses/{id}/reviews": #"{"rating": 1}"#,
        "PATCH /reviews/{id}": #"{"rating": 1}"#,
        "POST /media": medium(in: "{courses}"),
        "PUT /media/{id}/parts/{number}": "%PDF",
        "PUT /certificates/{id}/name": #"{"name": "Eve Lovelace"}"#,
        "PUT /certificates/{id}/revocation": "{}",
        "POST /enrollments": #"{"courseId": "{courses}"}"#,
        "POST /subscriptions": "{}",
        "POST /webhooks/stripe": "{}",
    ]
}
