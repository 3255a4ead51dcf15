using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Peer
{
    /// <summary>What every recording begins with, and how it is laid out: an item a line, for diffs that can be read.</summary>
    static class Recording
    {
        static readonly JsonSerializerOptions plain = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

        public static JsonObject New(string about)
        {
            return new JsonObject
            {
                { "about", about },
                { "runtime", RuntimeInformation.FrameworkDescription + " " + RuntimeInformation.RuntimeIdentifier },
            };
        }

        public static void Write(string path, JsonObject recording)
        {
            File.WriteAllText(path, "{\n" + string.Join(",\n", recording.Select(Field)) + "\n}\n");
        }

        static string Field(KeyValuePair<string, JsonNode> field)
        {
            var items = field.Value as JsonArray;
            var value = items == null
                ? field.Value.ToJsonString(plain)
                : "[\n" + string.Join(",\n", items.Select(item => "  " + item.ToJsonString(plain))) + "\n ]";
            return " \"" + field.Key + "\": " + value;
        }
    }
}
