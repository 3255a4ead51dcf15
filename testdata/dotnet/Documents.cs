using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.DependencyInjection;

namespace Peer
{
    /// <summary>A ring of documents that lie in no directory, for asking about thousands of them.</summary>
    sealed class Documents : IXmlRepository
    {
        readonly string[] files;

        Documents(string[] files)
        {
            this.files = files;
        }

        /// <summary>"rings", each an array of base64 of files: the keys of each ring, or why it cannot be read.</summary>
        public static JsonNode Keys(JsonObject args)
        {
            return Json.Each(args.Items("rings"), ring =>
            {
                var documents = new Documents((ring as JsonArray ?? new JsonArray()).Select(file => (string)file).ToArray());
                var services = new ServiceCollection();
                services.AddDataProtection().AddKeyManagementOptions(o => o.XmlRepository = documents);
                using (var provider = services.BuildServiceProvider())
                {
                    return new JsonObject { { "keys", Peer.Keys.Describe(provider.GetRequiredService<IKeyManager>()) } };
                }
            });
        }

        /// <summary>Reads a file's bytes as FileSystemXmlRepository does.</summary>
        public static XElement Load(string base64)
        {
            return XElement.Load(new MemoryStream(Convert.FromBase64String(base64)));
        }

        public IReadOnlyCollection<XElement> GetAllElements()
        {
            return files.Select(Load).ToArray();
        }

        public void StoreElement(XElement element, string friendlyName)
        {
            throw new NotSupportedException();
        }
    }
}
