using System.Collections.Generic;

namespace Peer
{
    /// <summary>What a recording asks about syntax: what .NET writes, what it reads besides, and what it refuses.</summary>
    static class Questions
    {
        public static readonly string[] Dates =
        {
            "2026-11-21T22:17:22.359343Z", "2026-11-21T22:17:22Z", "2026-11-21T22:17:22.1234567Z", "2026-11-21T22:17:22.0Z",
            "2026-11-21T22:17:22+02:00", "2026-11-21T22:17:22.5-11:30", "2026-11-21T22:17:22+14:00", "2026-11-21T22:17:22-14:00",
            "2026-11-21T22:17:22-00:00", "2026-11-21T22:17:22", " 2026-11-21T22:17:22Z\n", "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.9999999Z", "2024-02-29T00:00:00Z", "2026-11-21T22:17:22.12345678Z", "2026-11-21T22:17:22.12345674Z",
            "2026-11-21T22:17:22.12345675Z", "2026-11-21T22:17:22.12345665Z", "2026-11-21T22:17:22.99999999Z",
            "9999-12-31T23:59:59.99999999Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
            "", " ", "now", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "2026-11-21T24:00:00Z",
            "2026-11-21T22:17:60Z", "2026-11-21T22:60:00Z", "2026-11-21 22:17:22Z", "2026-11-21t22:17:22Z", "2026-11-21T22:17:22z",
            "10000-01-01T00:00:00Z", "-2026-11-21T22:17:22Z", "0000-01-01T00:00:00Z", "2026-11-21T22:17:22+15:00",
            "2026-11-21T22:17:22+14:01", "2026-11-21T22:17:22+0200", "2026-11-21T22:17:22+02", "2026-11-21T22:17Z",
            "2026-1-21T22:17:22Z", "2026-11-21T22:17:22.Z", "2026-11-21T22:17:22,5Z", "2026-11-21T22:17:22 Z", "2026-11-21T2:17:22Z",
            "2026-11-21T22:17:22Zx", "2026-11-21T22:17:22ZZ", "+2026-11-21T22:17:22Z", "20261121T221722Z", "2026-11-21",
            "2026-11-21Z", "2026-11", "2026", "--11-21", "22:17:22Z",
        };

        public static readonly string[] Guids =
        {
            "53404db5-0fc4-4712-94af-b80238fb7151", "53404DB5-0FC4-4712-94AF-B80238FB7151", "53404Db5-0fC4-4712-94aF-b80238fb7151",
            "{53404db5-0fc4-4712-94af-b80238fb7151}", "(53404db5-0fc4-4712-94af-b80238fb7151)", "53404db50fc4471294afb80238fb7151",
            " \t\r\n53404db5-0fc4-4712-94af-b80238fb7151 ", "00000000-0000-0000-0000-000000000000",
            "{0x53404db5,0x0fc4,0x4712,{0x94,0xaf,0xb8,0x02,0x38,0xfb,0x71,0x51}}", "{53404db50fc4471294afb80238fb7151}",
            "{53404db5-0fc4-4712-94af-b80238fb7151", "53404db5-0fc4-4712-94af-b80238fb7151}", "{53404db5-0fc4-4712-94af-b80238fb7151)",
            "[53404db5-0fc4-4712-94af-b80238fb7151]", "53404db5-0fc4-4712-94afb80238fb7151", "53404db5-0fc4-4712-94af-b80238fb715",
            "53404db5-0fc4-4712-94af-b80238fb71511", "53404db5-0fc4-4712-94af-b80238fb715g", "", " ", "*", "{ 53404db5-0fc4-4712-94af-b80238fb7151 }",
            "\u00a053404db5-0fc4-4712-94af-b80238fb7151", "urn:uuid:53404db5-0fc4-4712-94af-b80238fb7151", "0x3404db5-0fc4-4712-94af-b80238fb7151",
            "53404db5-0fc4-4712-94af-+80238fb7151",
        };

        const string space = "Microsoft.AspNetCore.DataProtection";

        public static readonly string[] Deserializers =
        {
            space + ".AuthenticatedEncryption.ConfigurationModel.AuthenticatedEncryptorDescriptorDeserializer",
            space + ".AuthenticatedEncryption.ConfigurationModel.ManagedAuthenticatedEncryptorDescriptorDeserializer",
            space + ".AuthenticatedEncryption.ConfigurationModel.CngCbcAuthenticatedEncryptorDescriptorDeserializer",
            space + ".AuthenticatedEncryption.ConfigurationModel.CngGcmAuthenticatedEncryptorDescriptorDeserializer",
        };

        public static readonly string[] Decryptors =
        {
            space + ".XmlEncryption.NullXmlDecryptor",
            space + ".XmlEncryption.EncryptedXmlDecryptor",
            space + ".XmlEncryption.DpapiXmlDecryptor",
            space + ".XmlEncryption.DpapiNGXmlDecryptor",
        };

        /// <summary>A class name as the versions of .NET write it, and as nobody should.</summary>
        public static IEnumerable<string> Spellings(string type)
        {
            const string rest = ", Culture=neutral, PublicKeyToken=adb9793829ddae60";
            foreach (var version in new[] { "1.0.0.0", "2.2.0.0", "6.0.0.0", "8.0.0.0", "9.0.0.0", "10.0.0.0", "abc" })
            {
                yield return type + ", " + space + ", Version=" + version + rest;
            }
            yield return type;
            yield return " " + type;
            yield return type + " ";
            yield return type + ", " + space;
            yield return type + "," + space;
            yield return type + " , " + space;
            yield return type + ", " + space + " ";
            yield return type + ", " + space.ToLowerInvariant();
            yield return type + ", " + space + rest;
            yield return type + ", " + space + ", Version=9.0.0.0, Culture=neutral, PublicKeyToken=null";
            yield return (type + ", " + space).Replace("AspNetCore", "AspNet");
            yield return type.Replace("AspNetCore", "AspNet");
            yield return type.ToLowerInvariant() + ", " + space;
            yield return type + ", Other.Assembly";
            yield return type + "X, " + space;
            yield return "[" + type + ", " + space + "]";
            yield return "";
        }

        public static readonly string[] Documents =
        {
            "<a/>", "<a></a>", "<a> </a>", "<a> <b/> </a>", "<a>text</a>", "<a> text </a>", "<a>x<b/>y</a>", "<a xml:space=\"preserve\"> <b/> </a>",
            "<a b=\"1\" c='2'/>", "<a b=\"&quot;'&lt;&gt;&amp;&#9;&#10;&#13;\"/>", "<a>&quot;'&lt;&gt;&amp;&#9;&#10;&#13;</a>", "<a>\r\nx\ry\n</a>",
            "<a>é日\U0001F511</a>", "<a><![CDATA[x < y]]></a>", "<a><![CDATA[ ]]></a>", "<a><!-- comment --></a>", "<a><!----></a>", "<a><?target data?></a>",
            "<!-- before --><a/><!-- after -->", "<?target data?><a/>", "<?xml version=\"1.0\"?><a/>", "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\n<a/>\n",
            "\ufeff<a/>", "<p:a xmlns:p=\"urn:x\"/>", "<a xmlns=\"urn:x\"><b/></a>", "<a xmlns=\"urn:x\"><b xmlns=\"\"/></a>", "<a xmlns:p=\"urn:x\"><p:b p:c=\"1\"/></a>",
            "<a p:b=\"1\" xmlns:p=\"urn:x\"/>", "<a xmlns:p=\"urn:x\" xmlns:q=\"urn:x\"><q:b/></a>", "<a xml:lang=\"de\"/>", "<a><b><c>1</c><d/></b><!-- x --><e f=\"\"/></a>",
            "<a>x<!-- mixed -->y</a>", "<a>]]&gt;</a>", "<a>\u00a0\u2028\u0085</a>", "<a b=\"\u00a0\u2028\u0085\"/>", "<a>&#xD;&#xA;</a>", "<a>&#128273;</a>",
            "<key id=\"53404db5-0fc4-4712-94af-b80238fb7151\" version=\"1\"><creationDate>2026-11-21T22:17:22.359343Z</creationDate></key>",
            "", " ", "text", "<a>", "<a/><b/>", "<a/>text", " <?xml version=\"1.0\"?><a/>", "<a b='1' b='2'/>", "<p:a/>", "<a>&#1;</a>", "<a>\u0001</a>", "<a>&nbsp;</a>",
            "<a b=\"<\"/>", "<a><b></a></b>", "<?xml version=\"1.1\"?><a/>", "<a>]]></a>", "<a><!-- a -- b --></a>", "<a p:b='1' q:b='2' xmlns:p='urn:x' xmlns:q='urn:x'/>",
            "<a xmlns:p=\"\"/>", "<a>&#xFFFE;</a>", "<a>&#xD800;</a>", "<1/>", "<a:b:c xmlns:a='urn:x'/>",
        };
    }
}
