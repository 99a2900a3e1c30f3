/// Reads what S3 answers in XML, as far as that is needed: texts of elements that hold nothing but text.
enum S3Listing {
    /// The objects of a list. Those whose names are none of ours are somebody else's.
    static func objects(in xml: String) -> [ListedObject] {
        texts(of: "Contents", in: xml).compactMap { entry in
            guard let key = texts(of: "Key", in: entry).first.flatMap({ try? ObjectKey(String($0)) }),
                let size = texts(of: "Size", in: entry).first.flatMap({ Int($0) })
            else { return nil }
            return ListedObject(key: key, sizeBytes: size)
        }
    }

    /// What stands within each element of a name, markup included.
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
