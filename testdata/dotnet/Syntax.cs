using System;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.AuthenticatedEncryption.ConfigurationModel;
using Microsoft.AspNetCore.DataProtection.Internal;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Extensions.DependencyInjection;

namespace Peer
{
    /// <summary>How .NET reads and writes what key elements are made of. Every command takes "values" and answers each.</summary>
    static class Syntax
    {
        /// <summary>The text of a creationDate element, in UTC.</summary>
        public static JsonNode ParseDates(JsonObject args)
        {
            return Json.Each(args.Items("values"), value => Value(Json.Date((DateTimeOffset)new XElement("date", (string)value))));
        }

        /// <summary>The id attribute of a key element.</summary>
        public static JsonNode ParseGuids(JsonObject args)
        {
            return Json.Each(args.Items("values"), value => Value(((Guid)new XAttribute("id", (string)value)).ToString()));
        }

        /// <summary>The deserializerType attribute of a descriptor: the full name of the class it stands for.</summary>
        public static JsonNode ResolveDeserializers(JsonObject args)
        {
            return Resolve(args, typeof(IAuthenticatedEncryptorDescriptorDeserializer));
        }

        /// <summary>The decryptorType attribute of an encryptedSecret.</summary>
        public static JsonNode ResolveDecryptors(JsonObject args)
        {
            return Resolve(args, typeof(IXmlDecryptor));
        }

        /// <summary>Documents, as base64 of a file's bytes: the element as one line, and as FileSystemXmlRepository writes it.</summary>
        public static JsonNode PrintXml(JsonObject args)
        {
            return Json.Each(args.Items("values"), value =>
            {
                var element = Documents.Load((string)value);
                var file = new MemoryStream();
                element.Save(file);
                return new JsonObject
                {
                    { "compact", element.ToString(SaveOptions.DisableFormatting) },
                    { "file", Convert.ToBase64String(file.ToArray()) },
                };
            });
        }

        static JsonNode Resolve(JsonObject args, Type kind)
        {
            var services = new ServiceCollection();
            services.AddDataProtection();
            using (var provider = services.BuildServiceProvider())
            {
                var activator = provider.GetRequiredService<IActivator>();
                return Json.Each(args.Items("values"), value => Value(activator.CreateInstance(kind, (string)value).GetType().FullName));
            }
        }

        static JsonObject Value(JsonNode value)
        {
            return new JsonObject { { "value", value } };
        }
    }
}
