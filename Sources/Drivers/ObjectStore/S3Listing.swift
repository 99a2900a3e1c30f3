/// Reads the XML responses of S3 as far as needed: elements that contain only text.
enum S3Listing {
    /// The objects of a listing. Keys that are not valid here belong to other programs and are skipped.
    static func objects(in xml: String) -> [ListedObject] {
        texts(of: "Contents", in: xml).compactMap { entry in
            guard let key = texts(of: "Key", in: entry).first.flatMap({ try? ObjectKey(String($0)) }),
                let size = texts(of: "Size", in: entry).first.flatMap({ Int($0) })
            else { return nil }
            return ListedObject(key: key, sizeBytes: size)
        }
    }

    /// The content of each element with a given name, markup included.
    static func texts(of name: String, in xml: some StringProtocol) -> [Substring] {
        var texts: [Substring] = []
        var rest = Substring(xml)
        while let start = rest.firstRange(of: "<\(name)>"),
            let end = rest[start.upperBound...].firstRange(of: "</\(name)>")
        {
            texts.append(rest[start.upperBound..<end.lowerBound])
            rest = rest[end.upperBound...]
        }
        return texts
    }
}
