using System;
using System.Linq;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.DataProtection.KeyManagement;

namespace Peer
{
    /// <summary>IKeyManager: every question reads the directory anew.</summary>
    static class Keys
    {
        public static JsonNode All(JsonObject args)
        {
            return Describe(Manager(args));
        }

        public static JsonArray Describe(IKeyManager manager)
        {
            return new JsonArray(manager.GetAllKeys().Select(key => (JsonNode)Describe(key)).ToArray());
        }

        public static JsonNode Create(JsonObject args)
        {
            return Describe(Manager(args).CreateNewKey(args.Date("activation"), args.Date("expiration")));
        }

        public static JsonNode Revoke(JsonObject args)
        {
            Manager(args).RevokeKey(Guid.Parse(args.Text("id")), args.Text("reason"));
            return null;
        }

        public static JsonNode RevokeAll(JsonObject args)
        {
            Manager(args).RevokeAllKeys(args.Date("date"), args.Text("reason"));
            return null;
        }

        public static JsonNode Delete(JsonObject args)
        {
            var ids = args.Texts("ids").Select(Guid.Parse).ToHashSet();
            // Version 9 has the methods of IDeletableKeyManager, but does not say that it implements it.
            var manager = (XmlKeyManager)Manager(args);
            return new JsonObject { { "deleted", manager.DeleteKeys(key => ids.Contains(key.KeyId)) } };
        }

        static IKeyManager Manager(JsonObject args)
        {
            return Ring.Of(args).Get<IKeyManager>();
        }

        /// <summary>A key as .NET sees it; never its secret.</summary>
        static JsonObject Describe(IKey key)
        {
            var answer = new JsonObject
            {
                { "id", key.KeyId.ToString() },
                { "creation", Json.Date(key.CreationDate) },
                { "activation", Json.Date(key.ActivationDate) },
                { "expiration", Json.Date(key.ExpirationDate) },
                { "revoked", key.IsRevoked },
            };
            try
            {
                DescribeAlgorithm(key, answer);
                answer["usable"] = key.CreateEncryptor() != null;
            }
            catch (Exception e)
            {
                answer["usable"] = false;
                answer["error"] = Json.Chain(e);
            }
            return answer;
        }

        static void DescribeAlgorithm(IKey key, JsonObject answer)
        {
            var descriptor = key.Descriptor.ExportToXml().SerializedDescriptorElement;
            answer["descriptor"] = key.Descriptor.GetType().Name;
            answer["encryption"] = (string)descriptor.Element("encryption")?.Attribute("algorithm");
            answer["keyBits"] = (int?)descriptor.Element("encryption")?.Attribute("keyLength");
            answer["validation"] = (string)(descriptor.Element("validation") ?? descriptor.Element("hash"))?.Attribute("algorithm");
        }
    }
}
